// Codec: what a message looks like inside a frame. docs/protocol.md tells each one, for agents in other
// languages.
//
// The body of a frame is pack() of the message. A message with descriptors has one more key, kValuesKey: a
// list of one ValueHeader per descriptor, in order. The value part of the frame is the bytes of those that
// are inlined, one after the other; in ValueAppend and Data it is their `bytes`.
#pragma once

#include "bus/frame.h"
#include "bus/value_part.h"
#include "descriptor/pack.h"

namespace rebus {

inline constexpr uint64_t kValuesKey = 100;
// Longest text in a message, in bytes; one that is called `message` may be longer. The sender cuts.
inline constexpr size_t kMaxText = 64 << 10;

// Type paths and identities of one descriptor's precursors together, in bytes: so every descriptor that can
// be pushed fits into the message that hands it out.
inline constexpr size_t kMaxPrecursorBytes = 256 << 10;

// A frame to be sealed. Values go along while they fit (kMaxInlineValue, kMaxMessageValues), but not those
// with an upload. kLimit if the message is over a limit of the wire, or a new value neither fits nor is
// uploaded; kStorage and others if a new value cannot be read. A stored one that cannot be read is sent
// without its bytes: who wants them gets the error.
Result<std::string> encode(const Message& message);

// The message of a frame. Inlined values are compared with their digest; the others have an AbsentSource.
// Anything not understood is kProtocol.
Result<Message> decode(const FrameView& frame);

// Bytes that a part (a Record, an Origin, …) adds to the body of a message, at most: to keep pages and steps
// below kMaxFrameBody.
template <class Part>
size_t encoded_size(const Part& part) {
  constexpr size_t kMaxValueHeader = 64;  // in the list of kValuesKey
  return pack(part).size() + kMaxValueHeader;
}

// Name of a message type, e.g. "Hello"; nullptr if there is none of this number.
const char* message_name(uint16_t type);

}  // namespace rebus
