#include "agents/support/file_name.h"

#include "descriptor/digest.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr size_t kDigits = 16;

std::string_view stand_in(char c) {
  if (c == '/') return "--";
  if (c == '\0') return "\\x00";
  return {};
}

}  // namespace

std::string file_name_of(std::string_view name, bool is_raw) {
  if (name.empty()) return "unnamed";
  if (name == ".") return "\\x2e";
  if (name == "..") return "\\x2e\\x2e";
  std::string out;
  for (char c : is_raw ? std::string(name) : escape(name)) {
    std::string_view other = stand_in(c);
    other.empty() ? out += c : out += other;
  }
  if (!is_raw && out.front() == '-') out.replace(0, 1, "\\x2d");
  return out;
}

std::string fitted(std::string_view name, std::string_view suffix) {
  if (name.size() + suffix.size() <= kMaxFileName) return std::string(name) + std::string(suffix);
  size_t kept = kMaxFileName - suffix.size() - 1 - kDigits;
  while (kept > 0 && (static_cast<uint8_t>(name[kept]) & 0xC0) == 0x80) kept--;  // whole characters
  return std::string(name.substr(0, kept)) + "~" + sha256(as_bytes(name)).hex().substr(0, kDigits) +
         std::string(suffix);
}

}  // namespace rebus
