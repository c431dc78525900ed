#include "descriptor/escape.h"

#include <cstdint>

namespace rebus {
namespace {

struct Rune {
  uint32_t point = 0;
  size_t size = 0;  // 0: not UTF-8
};

// Unicode 15, table 3-7: well-formed byte sequences.
Rune next_rune(std::string_view text) {
  auto byte = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : 0; };
  auto tail = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  uint8_t b0 = byte(0), b1 = byte(1);
  if (b0 < 0x80) return {b0, 1};
  if (b0 >= 0xC2 && b0 <= 0xDF && tail(1)) return {uint32_t(b0 & 0x1F) << 6 | (b1 & 0x3Fu), 2};
  if (b0 >= 0xE0 && b0 <= 0xEF && tail(1) && tail(2)) {
    if ((b0 == 0xE0 && b1 < 0xA0) || (b0 == 0xED && b1 > 0x9F)) return {};
    return {uint32_t(b0 & 0xF) << 12 | (b1 & 0x3Fu) << 6 | (byte(2) & 0x3Fu), 3};
  }
  if (b0 >= 0xF0 && b0 <= 0xF4 && tail(1) && tail(2) && tail(3)) {
    if ((b0 == 0xF0 && b1 < 0x90) || (b0 == 0xF4 && b1 > 0x8F)) return {};
    return {uint32_t(b0 & 7) << 18 | (b1 & 0x3Fu) << 12 | (byte(2) & 0x3Fu) << 6 | (byte(3) & 0x3Fu), 4};
  }
  return {};
}

bool is_harmless(uint32_t c) {
  if (c < 0x20 || (c >= 0x7F && c < 0xA0)) return false;          // C0, DEL, C1
  if (c >= 0x200B && c <= 0x200F) return false;                   // zero width, LRM, RLM
  if (c == 0x061C || (c >= 0x2028 && c <= 0x202E)) return false;  // ALM, separators, bidi
  if (c >= 0x2060 && c <= 0x206F) return false;                   // joiners, isolates
  if (c == 0xFEFF || c == 0x00AD || (c >= 0xFFF9 && c <= 0xFFFB)) return false;
  return c < 0xE0000 || c > 0xE007F;  // tag characters
}

int nibble(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

}  // namespace

std::string escape(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    Rune rune = next_rune(bytes);
    size_t size = rune.size == 0 ? 1 : rune.size;
    if (rune.size != 0 && rune.point == '\\') {
      out += "\\\\";
    } else if (rune.size != 0 && is_harmless(rune.point)) {
      out += bytes.substr(0, size);
    } else {
      for (char c : bytes.substr(0, size)) {
        out += "\\x";
        out += kDigits[static_cast<uint8_t>(c) >> 4];
        out += kDigits[static_cast<uint8_t>(c) & 15];
      }
    }
    bytes.remove_prefix(size);
  }
  return out;
}

std::string unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '\\') {
      out += '\\';
      i += 1;
    } else if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] == 'x' && nibble(text[i + 2]) >= 0 &&
               nibble(text[i + 3]) >= 0) {
      out += static_cast<char>(nibble(text[i + 2]) << 4 | nibble(text[i + 3]));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    Rune rune = next_rune(bytes);
    if (rune.size == 0) return false;
    bytes.remove_prefix(rune.size);
  }
  return true;
}

std::string counted(uint64_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace rebus
