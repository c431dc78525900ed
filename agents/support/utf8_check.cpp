#include "agents/support/utf8_check.h"

#include "descriptor/escape.h"

namespace rebus {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Where the last character begins, if the text may end inside it; else its length.
size_t last_boundary(std::string_view text) {
  size_t at = text.size();
  for (int back = 0; back < 4 && at > 0; back++) {
    if (!is_continuation(text[--at])) return at;
  }
  return text.size();
}

}  // namespace

Result<bool> is_utf8_value(const Value& value) {
  std::string rest;  // an incomplete last character of the chunk before
  bool valid = true;
  auto read = value.for_each_chunk([&](Bytes chunk) -> Result<void> {
    rest += as_text(chunk);
    size_t boundary = last_boundary(rest);
    valid = valid && is_utf8(std::string_view(rest).substr(0, boundary));
    rest.erase(0, boundary);
    return {};
  });
  if (!read) return read.error();
  return valid && is_utf8(rest);
}

}  // namespace rebus
