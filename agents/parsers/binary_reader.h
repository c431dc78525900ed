// BinaryReader: numbers and names at any place of a value, in bounds.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>

#include "descriptor/value.h"

namespace rebus {

enum class ByteOrder { kLittle, kBig };

// The fields of a structure whose bytes were read.
class Fields {
 public:
  explicit Fields(std::string bytes, ByteOrder order = ByteOrder::kLittle)
      : bytes_(std::move(bytes)), order_(order) {}

  size_t size() const { return bytes_.size(); }
  // Of 1 to 8 bytes; what lies behind the end counts as zeros.
  uint64_t number(size_t at, size_t bytes) const;

 private:
  std::string bytes_;
  ByteOrder order_;
};

// Holds at most 1 MiB of the value, whatever its size: jumps in it are cheap where they stay near each other.
class BinaryReader {
 public:
  explicit BinaryReader(const Value& value) : value_(value) {}

  uint64_t size() const { return value_.size(); }
  // Exactly these bytes; kFailed if the value ends before. Errors of reading the value as they are.
  Result<std::string> bytes(uint64_t offset, size_t size);
  // What stands before the next NUL byte. kFailed if there is none within `most` bytes.
  Result<std::string> name(uint64_t offset, size_t most);

 private:
  static constexpr size_t kBlock = 16 << 10;
  static constexpr size_t kBlocks = 64;

  Result<std::string_view> block(uint64_t number);

  struct Block {
    uint64_t number;
    std::string bytes;
  };
  Value value_;
  std::list<Block> blocks_;  // the last used first
  std::unordered_map<uint64_t, std::list<Block>::iterator> places_;
};

}  // namespace rebus
