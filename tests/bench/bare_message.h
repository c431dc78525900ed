// BareMessage: what the bare broker and its peers say to each other. As long as the message of the bus that
// does the same; behind this header nothing is looked at.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

namespace rebus {

enum class BareKind : uint8_t { kHello, kPush, kAnswer, kTask, kFinish };

struct BareMessage {
  BareKind kind = BareKind::kHello;
  uint64_t number = 0;  // of the descriptor
  int64_t sent_ns = 0;  // when it was pushed
};
inline constexpr size_t kBareHeader = sizeof(BareMessage);

inline void write_header(std::string& bytes, const BareMessage& message) {
  std::memcpy(bytes.data(), &message, kBareHeader);
}
inline std::string bare_bytes(const BareMessage& message, size_t size) {
  std::string bytes(size < kBareHeader ? kBareHeader : size, '\0');
  write_header(bytes, message);
  return bytes;
}
inline BareMessage read_header(const void* bytes) {
  BareMessage message;
  std::memcpy(&message, bytes, kBareHeader);
  return message;
}

}  // namespace rebus
