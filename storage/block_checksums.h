// BlockChecksums: what the table knows of a large value's file, so that no damaged byte is handed out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "descriptor/digest.h"

namespace rebus {

// Size of the value and CRC-32 (zlib's) of each of its blocks; the last one may be shorter.
class BlockChecksums {
 public:
  static constexpr uint64_t kBlock = 256 << 10;  // bytes; part of the on-disk format

  // The next bytes of the value.
  void append(Bytes bytes);
  uint64_t size() const { return size_; }
  // Whether `bytes` are the whole block with this number, from 0, as it was appended.
  bool match(uint64_t block, Bytes bytes) const;

  // As a value of Family::kFile: u64 size, u32 per block; big-endian. nullopt for anything else.
  std::string entry() const;
  static std::optional<BlockChecksums> parse(std::string_view entry);

 private:
  uint64_t size_ = 0;
  std::vector<uint32_t> blocks_;
};

}  // namespace rebus
