// Pattern: a regular expression of a user, in RE2's syntax, compiled once.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "descriptor/result.h"

namespace re2 {
class RE2;
}

namespace rebus {

// Matches in time linear in the text. Moved, not copied.
class Pattern {
 public:
  // kInvalid tells what is wrong with it.
  static Result<Pattern> compile(const std::string& text);
  // For values that may be no UTF-8: one character per byte, so that `.` and \xff match any and that byte.
  static Result<Pattern> compile_bytes(const std::string& text);
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  // Whether it matches somewhere in `text`.
  bool is_in(std::string_view text) const;
  // Whether it matches at the very begin of `text`.
  bool begins(std::string_view text) const;

 private:
  explicit Pattern(std::unique_ptr<re2::RE2> regex);
  static Result<Pattern> compile_as(const std::string& text, bool is_bytes);
  std::unique_ptr<re2::RE2> regex_;
};

}  // namespace rebus
