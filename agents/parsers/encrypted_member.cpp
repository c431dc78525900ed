#include "agents/parsers/encrypted_member.h"

#include <cstring>

namespace rebus {
namespace {

constexpr std::string_view kHeader("PK\3\4", 4);
constexpr size_t kHeaderSize = 30;
constexpr unsigned kFirstVersion = 10, kLastVersion = 63, kLastSystem = 30, kLastMethod = 99,
                   kMostName = 4096;
constexpr unsigned kUnusedFlags = 0xd780;

unsigned number_at(std::string_view bytes, size_t at) {
  return static_cast<uint8_t>(bytes[at]) | static_cast<unsigned>(static_cast<uint8_t>(bytes[at + 1])) << 8;
}

// The four bytes alone may stand anywhere.
bool is_of_encrypted(std::string_view header) {
  const unsigned version = number_at(header, 4) & 0xff, system = number_at(header, 4) >> 8;
  const unsigned flags = number_at(header, 6);
  const unsigned method = number_at(header, 8), month = number_at(header, 12) >> 5 & 15;
  const unsigned name = number_at(header, 26);
  return (flags & 1) != 0 && (flags & kUnusedFlags) == 0 && system <= kLastSystem &&
         version >= kFirstVersion && version <= kLastVersion && method <= kLastMethod && month <= 12 &&
         name > 0 && name <= kMostName && kHeaderSize + name <= header.size();
}

}  // namespace

bool has_encrypted_member(Bytes bytes) {
  std::string_view all = as_text(bytes);
  while (true) {
    const void* at = memmem(all.data(), all.size(), kHeader.data(), kHeader.size());
    if (at == nullptr) return false;
    all.remove_prefix(static_cast<size_t>(static_cast<const char*>(at) - all.data()));
    if (all.size() < kHeaderSize) return false;
    if (is_of_encrypted(all)) return true;
    all.remove_prefix(1);
  }
}

}  // namespace rebus
