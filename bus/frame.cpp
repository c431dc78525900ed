#include "bus/frame.h"

#include <isa-l/crc.h>

namespace rebus {
namespace {

// Where the fields stand; all numbers are little-endian.
enum Offset : size_t {
  kVersionAt = 4,
  kTypeAt = 6,
  kRequestAt = 8,
  kEpochAt = 16,
  kTokenAt = 24,
  kBodySizeAt = 32,
  kValueSizeAt = 36,
  kChecksumAt = 40,
};

template <class T>
void put(std::string& frame, size_t at, T number) {
  for (size_t i = 0; i < sizeof(T); i++) frame[at + i] = static_cast<char>(number >> (8 * i) & 0xFF);
}

template <class T>
T get(std::string_view frame, size_t at) {
  T number = 0;
  for (size_t i = 0; i < sizeof(T); i++)
    number |= static_cast<T>(T{static_cast<uint8_t>(frame[at + i])} << (8 * i));
  return number;
}

uint32_t add_crc(uint32_t crc, std::string_view bytes) {
  return crc32_gzip_refl(crc, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

// Over the whole frame, with zeros where the checksum stands.
uint32_t checksum(std::string_view frame) {
  uint32_t crc = add_crc(0, frame.substr(0, kChecksumAt));
  crc = add_crc(crc, std::string_view("\0\0\0\0", 4));
  return add_crc(crc, frame.substr(kFrameHeader));
}

Error broken(const std::string& why) { return {Code::kProtocol, "broken message: " + why}; }

}  // namespace

std::string make_frame(const FrameHeader& header, std::string_view body, std::string_view values) {
  std::string frame;
  frame.reserve(kFrameHeader + body.size() + values.size());
  frame.append(kFrameMagic).resize(kFrameHeader);
  put(frame, kVersionAt, header.version);
  put(frame, kTypeAt, header.type);
  put(frame, kRequestAt, header.request);
  put(frame, kBodySizeAt, static_cast<uint32_t>(body.size()));
  put(frame, kValueSizeAt, static_cast<uint32_t>(values.size()));
  return frame.append(body).append(values);
}

void seal_frame(std::string& frame, const SessionKey& session) {
  put(frame, kEpochAt, session.epoch);
  put(frame, kTokenAt, session.token);
  put(frame, kChecksumAt, checksum(frame));
}

std::optional<FrameHeader> peek_header(std::string_view bytes) {
  if (bytes.size() < kFrameHeader || !bytes.starts_with(kFrameMagic)) return std::nullopt;
  FrameHeader header;
  header.version = get<uint16_t>(bytes, kVersionAt);
  header.type = get<uint16_t>(bytes, kTypeAt);
  header.request = get<uint64_t>(bytes, kRequestAt);
  header.session = {get<uint64_t>(bytes, kEpochAt), get<uint64_t>(bytes, kTokenAt)};
  header.body_size = get<uint32_t>(bytes, kBodySizeAt);
  header.value_size = get<uint32_t>(bytes, kValueSizeAt);
  return header;
}

Result<FrameView> open_frame(std::string_view bytes) {
  auto header = peek_header(bytes);
  if (!header) return broken("this is no rebus frame");
  if (header->version != kProtocolVersion) {
    return Error{Code::kProtocol, "the peer speaks protocol version " + std::to_string(header->version) +
                                      ", this side version " + std::to_string(kProtocolVersion)};
  }
  if (header->body_size > kMaxFrameBody || header->value_size > kMaxMessageValues)
    return broken("it is too large");
  if (bytes.size() != kFrameHeader + uint64_t{header->body_size} + header->value_size) {
    return broken("its length is not what its header says");
  }
  if (get<uint32_t>(bytes, kChecksumAt) != checksum(bytes)) return broken("its checksum does not match");
  return FrameView{*header, bytes.substr(kFrameHeader, header->body_size),
                   bytes.substr(kFrameHeader + header->body_size)};
}

}  // namespace rebus
