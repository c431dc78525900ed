#include "agents/parsers/uu_finder.h"

#include <algorithm>

namespace rebus {
namespace {

constexpr size_t kMostLine = 300;  // bytes of a name; data lines have 61, or 85 at most
constexpr std::string_view kBegin = "begin ", kBeginBase64 = "begin-base64 ";

// "644 name", or with four digits.
bool is_mode_and_name(std::string_view rest) {
  const size_t digits = std::min(rest.find_first_not_of("01234567"), rest.size());
  return (digits == 3 || digits == 4) && rest.size() > digits + 1 && rest[digits] == ' ' &&
         rest[digits + 1] != ' ';
}

bool is_begin(std::string_view line, std::string_view word) {
  return line.starts_with(word) && is_mode_and_name(line.substr(word.size()));
}

// Its first character tells how many bytes follow, in groups of four characters for three. Blanks at the end
// may be lost on the way, and some write a checksum behind.
bool is_data(std::string_view line) {
  if (line.empty() || !std::ranges::all_of(line, [](char c) { return c >= ' ' && c <= '`'; })) return false;
  const size_t bytes = static_cast<size_t>(line[0] - ' ') & 63, characters = (bytes + 2) / 3 * 4;
  return bytes > 0 && line.size() + 2 > characters && line.size() <= characters + 2;
}

}  // namespace

void UuFinder::look(Bytes text) {
  for (std::string_view rest = as_text(text); !has_found_ && !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    line_ += rest.substr(0, std::min(end, kMostLine - line_.size()));
    if (end < rest.size()) end_line();
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

void UuFinder::end_line() {
  if (line_.ends_with('\r')) line_.pop_back();
  has_found_ = (is_after_begin_ && is_data(line_)) || is_begin(line_, kBeginBase64);
  is_after_begin_ = is_begin(line_, kBegin);
  line_.clear();
}

}  // namespace rebus
