#include "agents/parsers/gzip_header.h"

#include <isa-l/crc.h>

namespace rebus {
namespace {

constexpr uint32_t kFixedSize = 10;
constexpr uint8_t kHasChecksum = 2, kHasExtra = 4, kHasName = 8, kHasComment = 16, kReserved = 0xe0;
constexpr uint32_t kMaxHeader = 1 << 20;  // bytes: names and comments have no limit of their own

Error damaged(const char* why) { return {Code::kFailed, why}; }

}  // namespace

Result<bool> GzipHeader::take(Bytes& bytes) {
  while (part_ != Part::kEnd && !bytes.empty()) {
    auto taken = take_byte(bytes.front());
    if (!taken) return taken.error();
    bytes = bytes.subspan(1);
  }
  return part_ == Part::kEnd;
}

Result<void> GzipHeader::take_byte(uint8_t byte) {
  if (++size_ > kMaxHeader) return damaged("header without end");
  if (part_ != Part::kChecksum) checksum_ = crc32_gzip_refl(checksum_, &byte, 1);
  number_ |= at_ < 2 ? uint32_t{byte} << (8 * at_) : 0;
  at_++;
  switch (part_) {
    case Part::kFixed:
      return take_fixed(byte);
    case Part::kExtraSize:
      left_ = number_;
      if (at_ == 2) end_part();
      return {};
    case Part::kExtra:
      if (--left_ == 0) end_part();
      return {};
    case Part::kName:
    case Part::kComment:
      if (byte == 0) end_part();
      return {};
    case Part::kChecksum:
      if (at_ == 2 && number_ != (checksum_ & 0xffff)) return damaged("incorrect header checksum");
      if (at_ == 2) end_part();
      return {};
    case Part::kEnd:
      break;
  }
  return {};
}

Result<void> GzipHeader::take_fixed(uint8_t byte) {
  if (at_ == 2 && number_ != 0x8b1f) return damaged("invalid header");
  if (at_ == 3 && byte != 8) return damaged("unknown compression method");
  if (at_ == 4) flags_ = byte;
  if (at_ == 4 && (flags_ & kReserved) != 0) return damaged("unknown header flags");
  if (at_ == kFixedSize) end_part();
  return {};
}

bool GzipHeader::is_there(Part part) const {
  switch (part) {
    case Part::kExtraSize:
      return (flags_ & kHasExtra) != 0;
    case Part::kExtra:
      return left_ > 0;
    case Part::kName:
      return (flags_ & kHasName) != 0;
    case Part::kComment:
      return (flags_ & kHasComment) != 0;
    case Part::kChecksum:
      return (flags_ & kHasChecksum) != 0;
    default:
      return true;
  }
}

void GzipHeader::end_part() {
  at_ = number_ = 0;
  do part_ = static_cast<Part>(static_cast<uint8_t>(part_) + 1);
  while (!is_there(part_));
}

}  // namespace rebus
