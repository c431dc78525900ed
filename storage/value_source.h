// Where the values of a store on disk are read from.
#pragma once

#include <memory>
#include <mutex>

#include "descriptor/value.h"
#include "storage/block_checksums.h"
#include "storage/file.h"
#include "storage/table.h"

namespace rebus {

// What the sentences about a value that is not as it was stored name.
struct ValueName {
  Digest digest;
  Digest id;  // of the descriptor it was asked for
  uint64_t size = 0;
  std::string str() const;
  Error pruned() const;
};

// A value whose bytes were removed: reading it is kNotFound.
class PrunedSource final : public ValueSource {
 public:
  explicit PrunedSource(ValueName name) : name_(name) {}
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> buffer) const override;

 private:
  ValueName name_;
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

// A large value: its file is opened when it is asked for, and each block is checked whenever it is read.
// Reading whole blocks needs no copy; whoever reads less keeps a block in memory.
class FileSource final : public ValueSource {
 public:
  FileSource(std::string path, std::weak_ptr<const Table> table, const ValueName& name)
      : path_(std::move(path)), table_(std::move(table)), name_(name) {}
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> buffer) const override;
  // The first call reads and checks the whole file.
  int file_descriptor() const override;

 private:
  struct Open {
    File file;
    BlockChecksums checksums;
  };
  Result<const Open*> open() const;
  Result<Open> open_both() const;
  uint64_t block_size(uint64_t block) const;
  Result<void> read_block(const Open& open, uint64_t block, std::span<uint8_t> buffer) const;
  Result<size_t> read_part(const Open& open, uint64_t offset, std::span<uint8_t> buffer) const;
  Error damaged(const std::string& how) const;

  std::string path_;
  std::weak_ptr<const Table> table_;  // a handle does not keep the store open
  ValueName name_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<const Open> open_;  // guarded until it is set, then it stays
  mutable bool is_checked_ = false;           // guarded: the whole file was
  mutable std::mutex part_mutex_;
  mutable uint64_t part_ = 0;       // guarded: number of the block in part_bytes_
  mutable std::string part_bytes_;  // guarded: a checked block, or empty
};

}  // namespace rebus
