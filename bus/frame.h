// Frame: one message on the wire, without its meaning. docs/protocol.md, "The frame", tells it byte by byte.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bus/message.h"

namespace rebus {

inline constexpr std::string_view kFrameMagic = "RBUS";
inline constexpr size_t kFrameHeader = 44;
inline constexpr size_t kMaxFrame = kMaxMessageValues + (1 << 20);
inline constexpr size_t kMaxFrameBody = kMaxFrame - kMaxMessageValues - kFrameHeader;

// What a peer is after Welcome: its session, in this life of the master. Zero before.
struct SessionKey {
  uint64_t epoch = 0;
  uint64_t token = 0;
  bool operator==(const SessionKey&) const = default;
};

struct FrameHeader {
  uint16_t version = kProtocolVersion;
  uint16_t type = 0;
  uint64_t request = 0;
  SessionKey session;
  uint32_t body_size = 0;   // bytes
  uint32_t value_size = 0;  // bytes
};

// Parts of a received frame; refers to its bytes.
struct FrameView {
  FrameHeader header;
  std::string_view body;
  std::string_view values;
};

// A frame without session and checksum, which seal_frame() puts in: a message is made once, and may be sent
// again in a later session.
std::string make_frame(const FrameHeader& header, std::string_view body, std::string_view values);
void seal_frame(std::string& frame, const SessionKey& session);

// The header of anything that begins like a frame, of any version, checked no further.
std::optional<FrameHeader> peek_header(std::string_view bytes);

// Checks magic, version, lengths and checksum. kProtocol tells what is wrong.
Result<FrameView> open_frame(std::string_view bytes);

}  // namespace rebus
