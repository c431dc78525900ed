// ByteStream: bytes that come piece after piece, once.
#pragma once

#include <algorithm>
#include <vector>

#include "descriptor/value.h"

namespace rebus {

// What pads archives and compressions.
inline bool all_zero(Bytes bytes) {
  return std::ranges::all_of(bytes, [](uint8_t byte) { return byte == 0; });
}

// Calls of libarchive in a row that give neither bytes nor an end, before it is taken for caught in a loop.
inline constexpr int kMaxIdleCalls = 1000;

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // The next bytes, valid until the next call; none at the end. kFailed: the bytes are damaged from here on,
  // what came before is right; kLimit: too many compressions over each other; else what reading gave. It is
  // said again by each further call.
  virtual Result<Bytes> next() = 0;
  // After next() gave nothing: what stands behind the end in the stream below this one, likewise. Whoever
  // reads it to its end has the checks made that stand there.
  virtual Result<Bytes> rest() { return Bytes(); }
};

// The bytes of a value, without a copy if they are in memory.
class ValueStream final : public ByteStream {
 public:
  explicit ValueStream(Value value) : value_(std::move(value)) {}
  Result<Bytes> next() override {
    if (position_ >= value_.size()) return Bytes();
    Bytes bytes;
    if (auto all = value_.source().in_memory()) {
      bytes = all->subspan(position_);
      bytes = bytes.first(std::min(bytes.size(), kMemoryPart));
    } else {
      buffer_.resize(std::min<uint64_t>(kPart, value_.size() - position_));
      auto count = value_.read_at(position_, buffer_);
      if (!count) return count.error();
      bytes = Bytes(buffer_).first(*count);
    }
    position_ += bytes.size();
    return bytes;
  }
  // In the value, of what next() gives.
  uint64_t position() const { return position_; }
  void seek(uint64_t position) { position_ = position; }

 private:
  static constexpr size_t kPart = 256 << 10;
  static constexpr size_t kMemoryPart = 1 << 30;  // zlib takes 32 bits
  Value value_;
  uint64_t position_ = 0;
  std::vector<uint8_t> buffer_;
};

}  // namespace rebus
