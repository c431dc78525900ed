// BlockRing: memory through which bytes of members go from a worker to its agent. Frames of the link say how
// many come, and how many were taken; so each can be ahead of the other by the size of the ring.
#pragma once

#include <sys/mman.h>

#include <string>

#include "descriptor/file_handle.h"
#include "descriptor/result.h"
#include "descriptor/value.h"

namespace rebus {

inline constexpr size_t kRingSize = 8 << 20;  // bytes

// Mapped as long as it lives.
class RingMemory {
 public:
  RingMemory(RingMemory&& other) noexcept : bytes_(std::exchange(other.bytes_, nullptr)) {}
  RingMemory& operator=(RingMemory&&) = delete;
  ~RingMemory() {
    if (bytes_ != nullptr) munmap(bytes_, kRingSize);
  }
  // kUnavailable: there is no memory.
  static Result<RingMemory> map(int file);
  uint8_t* bytes() { return bytes_; }

 private:
  explicit RingMemory(uint8_t* bytes) : bytes_(bytes) {}
  uint8_t* bytes_;
};

// Of the worker.
class BlockWriter {
 public:
  static Result<BlockWriter> map(int file);

  size_t room() const { return kRingSize - static_cast<size_t>(written_ - taken_); }
  // At most room().
  void put(Bytes bytes);
  void taken(uint64_t count) { taken_ += count; }

 private:
  explicit BlockWriter(RingMemory memory) : memory_(std::move(memory)) {}
  RingMemory memory_;
  uint64_t written_ = 0, taken_ = 0;
};

// Of the agent, which makes it.
class BlockReader {
 public:
  // kUnavailable: there is no memory.
  static Result<BlockReader> make();
  // To be handed to the worker.
  int file() const { return file_.get(); }

  // The next bytes, at most kRingSize. A copy, valid until the next call: the worker can still write to the
  // ring, and must not change what was hashed.
  Bytes take(size_t count);
  // Of what was taken, what the worker is to be told now: none, or so much that it is worth it.
  uint64_t untold();

 private:
  BlockReader(FileHandle file, RingMemory memory) : file_(std::move(file)), memory_(std::move(memory)) {}
  FileHandle file_;
  RingMemory memory_;
  std::string copy_;
  uint64_t taken_ = 0, untold_ = 0;
};

}  // namespace rebus
