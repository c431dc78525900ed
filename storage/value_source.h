// Where the values of a store on disk are read from.
#pragma once

#include <memory>
#include <mutex>

#include "descriptor/value.h"
#include "storage/file.h"
#include "storage/table.h"

namespace rebus {

// Bytes just taken in.
class MemorySource final : public ValueSource {
 public:
  explicit MemorySource(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> buffer) const override;
  const std::string* in_memory() const override { return &bytes_; }

 private:
  std::string bytes_;
};

// What the sentences about a value that is not as it was stored name.
struct ValueName {
  Digest digest;
  Digest id;  // of the descriptor it was asked for
  uint64_t size = 0;
  std::string str() const;
};

// A small value, read when it is asked for. Whoever reads it in parts keeps it in memory.
class TableSource final : public ValueSource {
 public:
  TableSource(std::weak_ptr<const Table> table, const ValueName& name)
      : table_(std::move(table)), name_(name) {}
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> buffer) const override;

 private:
  Result<std::string> load() const;

  std::weak_ptr<const Table> table_;  // a handle does not keep the store open
  ValueName name_;
  mutable std::mutex mutex_;
  mutable std::string bytes_;  // guarded; empty: not read yet
};

// A large value: its file is opened when it is asked for.
class FileSource final : public ValueSource {
 public:
  FileSource(std::string path, const ValueName& name) : path_(std::move(path)), name_(name) {}
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> buffer) const override;
  int file_descriptor() const override;

 private:
  Result<const File*> file() const;

  std::string path_;
  ValueName name_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<const File> file_;  // guarded until it is set, then it stays
};

}  // namespace rebus
