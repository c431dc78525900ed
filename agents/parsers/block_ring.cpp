#include "agents/parsers/block_ring.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace rebus {
namespace {

constexpr uint64_t kWorthTelling = kRingSize / 4;

Error no_ring() {
  return {Code::kUnavailable, std::string("no memory for members: ") + std::strerror(errno)};
}

}  // namespace

Result<RingMemory> RingMemory::map(int file) {
  void* at = mmap(nullptr, kRingSize, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (at == MAP_FAILED) return no_ring();
  return RingMemory(static_cast<uint8_t*>(at));
}

Result<BlockWriter> BlockWriter::map(int file) {
  auto memory = RingMemory::map(file);
  return memory ? Result(BlockWriter(*std::move(memory))) : memory.error();
}

void BlockWriter::put(Bytes bytes) {
  const size_t at = written_ % kRingSize, first = std::min(bytes.size(), kRingSize - at);
  std::copy_n(bytes.begin(), first, memory_.bytes() + at);
  std::copy(bytes.begin() + static_cast<ptrdiff_t>(first), bytes.end(), memory_.bytes());
  written_ += bytes.size();
}

// Sealed: a worker that makes it shorter would have the agent end by a signal.
Result<BlockReader> BlockReader::make() {
  FileHandle file(memfd_create("rebus-members", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  bool is_made = file.get() >= 0 && ftruncate(file.get(), kRingSize) == 0 &&
                 fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0;
  if (!is_made) return no_ring();
  auto memory = RingMemory::map(file.get());
  if (!memory) return memory.error();
  return BlockReader(std::move(file), *std::move(memory));
}

Bytes BlockReader::take(size_t count) {
  const size_t at = taken_ % kRingSize, first = std::min(count, kRingSize - at);
  copy_.assign(reinterpret_cast<const char*>(memory_.bytes()) + at, first);
  copy_.append(reinterpret_cast<const char*>(memory_.bytes()), count - first);
  taken_ += count;
  untold_ += count;
  return as_bytes(copy_);
}

uint64_t BlockReader::untold() { return untold_ < kWorthTelling ? 0 : std::exchange(untold_, 0); }

}  // namespace rebus
