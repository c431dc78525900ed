// Utf8Locale: this thread's character set, for libraries that ask the locale.
#pragma once

#include <locale.h>

namespace rebus {

// C.UTF-8 while it lives, so that answers are the same whatever the environment says. libarchive gives names
// kept as UTF-16 only in a UTF-8 locale; libmagic prints text as the locale allows.
class Utf8Locale {
 public:
  Utf8Locale() : before_(uselocale(shared())) {}
  ~Utf8Locale() { uselocale(before_); }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  static locale_t shared() {
    static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return locale;
  }
  locale_t before_;
};

}  // namespace rebus
