#include "agents/support/signature_form.h"

#include <algorithm>
#include <cstdint>

namespace rebus {
namespace {

constexpr size_t kImphashDigits = 32, kTlshDigits = 70;
constexpr size_t kMaxSsdeepPart = 64;         // characters
constexpr uint64_t kMaxBlockSize = 3U << 30;  // of ssdeep; 3 times a power of two

bool is_hex_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

bool is_ssdeep_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '+' || c == '/';
}

bool is_block_size(std::string_view digits) {
  if (digits.empty() || digits.size() > 10 || digits.front() == '0') return false;
  uint64_t size = 0;
  for (char c : digits) {
    if (c < '0' || c > '9') return false;
    size = size * 10 + static_cast<uint64_t>(c - '0');
  }
  return size % 3 == 0 && size <= kMaxBlockSize && ((size / 3) & (size / 3 - 1)) == 0;
}

bool is_ssdeep_part(std::string_view text) {
  return text.size() <= kMaxSsdeepPart && std::ranges::all_of(text, is_ssdeep_digit);
}

}  // namespace

bool is_imphash(std::string_view text) {
  return text.size() == kImphashDigits && std::ranges::all_of(text, is_hex_digit);
}

std::string_view tlsh_digits(std::string_view text) { return text.substr(text.starts_with("T1") ? 2 : 0); }

bool is_tlsh(std::string_view text) {
  auto digits = tlsh_digits(text);
  return digits.size() == kTlshDigits && std::ranges::all_of(digits, is_hex_digit);
}

bool is_ssdeep(std::string_view text) {
  size_t one = text.find(':'), two = text.find(':', one + 1);
  if (one == std::string_view::npos || two == std::string_view::npos) return false;
  return is_block_size(text.substr(0, one)) && is_ssdeep_part(text.substr(one + 1, two - one - 1)) &&
         is_ssdeep_part(text.substr(two + 1));
}

}  // namespace rebus
