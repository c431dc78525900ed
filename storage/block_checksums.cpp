#include "storage/block_checksums.h"

#include <isa-l/crc.h>

#include <algorithm>

#include "storage/keys.h"

namespace rebus {
namespace {

uint32_t add_crc(uint32_t crc, Bytes bytes) { return crc32_gzip_refl(crc, bytes.data(), bytes.size()); }

uint64_t block_count(uint64_t size) {
  return size / BlockChecksums::kBlock + (size % BlockChecksums::kBlock != 0);
}

}  // namespace

void BlockChecksums::append(Bytes bytes) {
  while (!bytes.empty()) {
    uint64_t filled = size_ % kBlock;
    if (filled == 0) blocks_.push_back(0);
    Bytes part = bytes.first(std::min<uint64_t>(bytes.size(), kBlock - filled));
    blocks_.back() = add_crc(blocks_.back(), part);
    size_ += part.size();
    bytes = bytes.subspan(part.size());
  }
}

bool BlockChecksums::match(uint64_t block, Bytes bytes) const {
  return block < blocks_.size() && add_crc(0, bytes) == blocks_[block];
}

std::string BlockChecksums::entry() const {
  KeyWriter writer;
  writer.u64(size_);
  for (uint32_t block : blocks_) writer.u32(block);
  return writer.take();
}

std::optional<BlockChecksums> BlockChecksums::parse(std::string_view entry) {
  BlockChecksums out;
  KeyReader reader(entry);
  out.size_ = reader.u64();
  uint64_t count = block_count(out.size_);
  if (!reader.ok() || (entry.size() - sizeof(out.size_)) / sizeof(uint32_t) < count) return {};
  out.blocks_.reserve(count);
  for (uint64_t i = 0; i < count; i++) out.blocks_.push_back(reader.u32());
  if (!reader.done()) return {};
  return out;
}

}  // namespace rebus
