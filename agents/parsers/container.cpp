#include "agents/parsers/container.h"

namespace rebus {

bool has_bytes(const ArchiveMember& member) {
  using Type = ArchiveMember::Type;
  if (member.is_unreadable) return false;
  return member.type == Type::kFile || (member.type == Type::kHardlink && member.size > 0);
}

bool tells_of_encryption(const std::string& message) {
  for (const char* word : {"ncrypt", "assphrase", "Crypto codec"}) {
    if (message.find(word) != std::string::npos) return true;
  }
  return false;
}

}  // namespace rebus
