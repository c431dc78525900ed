// GzipHeader: the header of a member of gzip data (RFC 1952, 2.3), however it comes. ISA-L 2.30 takes a
// header with a checksum of its own for damaged when it comes in two parts.
#pragma once

#include <cstdint>

#include "descriptor/result.h"
#include "descriptor/value.h"

namespace rebus {

class GzipHeader {
 public:
  // Takes what belongs to it from the front of `bytes`. True: it is complete. kFailed says what is wrong.
  Result<bool> take(Bytes& bytes);

 private:
  enum class Part : uint8_t { kFixed, kExtraSize, kExtra, kName, kComment, kChecksum, kEnd };
  Result<void> take_byte(uint8_t byte);
  Result<void> take_fixed(uint8_t byte);
  bool is_there(Part part) const;
  void end_part();

  Part part_ = Part::kFixed;
  uint8_t flags_ = 0;
  uint32_t at_ = 0;        // in this part
  uint32_t number_ = 0;    // of two bytes, low one first
  uint32_t left_ = 0;      // of the extra field
  uint32_t size_ = 0;      // so far
  uint32_t checksum_ = 0;  // CRC-32 so far
};

}  // namespace rebus
