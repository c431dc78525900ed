#include "agents/parsers/container.h"

namespace rebus {

bool has_bytes(const ArchiveMember& member) {
  using Type = ArchiveMember::Type;
  if (member.is_unreadable) return false;
  return member.type == Type::kFile || (member.type == Type::kHardlink && member.size > 0);
}

std::optional<std::string> limit_told_by(const std::string& message) {
  if (message.find("gave no answer") != std::string::npos) return "time";
  for (const char* words :
       {"Cannot allocate memory", "Out of memory", "out of memory", "too much memory", "more memory"}) {
    if (message.find(words) != std::string::npos) return "memory";
  }
  return {};
}

bool tells_of_encryption(const std::string& message) {
  for (const char* word : {"ncrypt", "assphrase", "Crypto codec"}) {
    if (message.find(word) != std::string::npos) return true;
  }
  return false;
}

}  // namespace rebus
