// Value: an immutable handle on bytes that may be larger than memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "descriptor/digest.h"

namespace rebus {

// Where the bytes of a value are: memory, a file, a store, the other side of a bus. Implementations are
// thread-safe: several threads may read one value.
class ValueSource {
 public:
  virtual ~ValueSource() = default;
  // Fills `buffer` from `offset` (bytes); fewer than asked only at the end. kUnreadable, kStorage,
  // kUnavailable.
  virtual Result<size_t> read_at(uint64_t offset, std::span<uint8_t> buffer) const = 0;
  // The bytes themselves where they are in memory, as long as this source lives.
  virtual std::optional<Bytes> in_memory() const { return std::nullopt; }
  // Its bytes take up memory of this machine.
  virtual bool takes_memory() const { return in_memory().has_value(); }
  // A file that holds exactly the value from its byte 0 on, else -1. Owned by the source.
  virtual int file_descriptor() const { return -1; }
  // The same, if nobody can change it any more (sealed_memory.h), else -1.
  virtual int sealed_file() const { return -1; }
};

// Bytes in memory.
std::shared_ptr<const ValueSource> memory_source(std::string bytes);

// Copied freely: a handle. Size in bytes and SHA-256 are known from the start.
class Value {
 public:
  // Chunks are at most this large, in bytes (1 MiB: also the largest value part of one message).
  static constexpr size_t kChunkSize = 1 << 20;

  Value();  // the empty value
  Value(std::shared_ptr<const ValueSource> source, uint64_t size, const Digest& digest);
  static Value of(std::string bytes);

  uint64_t size() const { return size_; }
  const Digest& digest() const { return digest_; }
  const ValueSource& source() const { return *source_; }
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> buffer) const;
  // Calls `use` with consecutive chunks; stops with its first error.
  Result<void> for_each_chunk(const std::function<Result<void>(Bytes)>& use) const;
  // The whole value; kLimit if it is larger than `limit` bytes.
  Result<std::string> load(uint64_t limit) const;

 private:
  std::shared_ptr<const ValueSource> source_;
  uint64_t size_ = 0;
  Digest digest_;
};

// Takes bytes, hashes them as they come, and becomes a Value. One thread; dropped unsealed, it leaves
// nothing.
class ValueWriter {
 public:
  virtual ~ValueWriter() = default;
  // So many bytes are likely to come: memory for them is taken once. Somebody hostile may have said so.
  virtual void expect(uint64_t) {}
  virtual Result<void> append(Bytes bytes) = 0;
  // Bytes so far.
  virtual uint64_t size() const = 0;
  // Ends the writing; at most once.
  virtual Result<Value> seal() = 0;
};

// Whoever can take new values: a store in this process, or a local spool before an upload. Thread-safe.
class ValueFactory {
 public:
  virtual ~ValueFactory() = default;
  virtual std::unique_ptr<ValueWriter> create() = 0;
};

}  // namespace rebus
