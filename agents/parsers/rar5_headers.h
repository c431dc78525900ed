// Rar5Headers: what libarchive 3.6 does not look at in RAR archives of version 5: that a member is encrypted
// (it gives the encrypted bytes), and the checksum of a stored one.
#pragma once

#include <optional>
#include <vector>

#include "descriptor/value.h"

namespace rebus {

// One pass over the headers, after the author's description (technote.htm of rarlab.com). It stops where
// something does not fit; what libarchive says then counts.
class Rar5Headers {
 public:
  explicit Rar5Headers(Value value) : value_(std::move(value)) {}

  struct File {
    bool is_encrypted = false;
    std::optional<uint32_t> checksum;  // CRC-32 of a stored member; none: libarchive checks it, or nobody can
  };
  // Of the next file or directory.
  std::optional<File> next();

 private:
  class Header;
  Bytes read_header();
  static bool has_record(Bytes area, uint64_t type);

  Value value_;
  uint64_t position_ = 8;  // behind the mark at the begin; 0: at the end
  uint64_t header_end_ = 0;
  std::vector<uint8_t> buffer_;
};

}  // namespace rebus
