#include "agents/parsers/zip_oddities.h"

#include <algorithm>
#include <string_view>

namespace rebus {
namespace {

struct HeaderForm {
  std::string_view mark;
  size_t version, flags, method, size, name_length, length;  // where they stand, and its own length
};
constexpr HeaderForm kForms[] = {{{"PK\3\4", 4}, 4, 6, 8, 18, 26, 30}, {{"PK\1\2", 4}, 6, 8, 10, 20, 28, 46}};
constexpr uint64_t kNewestVersion = 63, kMostMethod = 99, kMostName = 4096, kEncrypted = 1,
                   kSizeElsewhere = 0xffffffff;
constexpr uint64_t kUsual[] = {0, 6, 8, 9, 12};

uint64_t number(std::string_view text, size_t at, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = bytes; i-- > 0;) value = value << 8 | static_cast<unsigned char>(text[at + i]);
  return value;
}

// The mark alone stands in many programs.
bool is_header(std::string_view text, const HeaderForm& form, size_t all) {
  if (text.size() < form.length) return false;
  const uint64_t name = number(text, form.name_length, 2), size = number(text, form.size, 4);
  return number(text, form.version, 1) <= kNewestVersion && number(text, form.method, 2) <= kMostMethod &&
         name > 0 && name <= kMostName && name <= text.size() - form.length &&
         (size <= all || size == kSizeElsewhere);
}

}  // namespace

ZipOddities ZipOddities::of(Bytes bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  ZipOddities found;
  for (const HeaderForm& form : kForms) {
    for (size_t at = text.find(form.mark); at != text.npos; at = text.find(form.mark, at + 1)) {
      const std::string_view header = text.substr(at);
      if (!is_header(header, form, text.size())) continue;
      bool is_encrypted = (number(header, form.flags, 2) & kEncrypted) != 0;
      bool is_usual = std::ranges::count(kUsual, number(header, form.method, 2)) > 0;
      found.is_encrypted = found.is_encrypted || is_encrypted;
      found.has_unusual_method = found.has_unusual_method || (!is_encrypted && !is_usual);
    }
  }
  return found;
}

}  // namespace rebus
