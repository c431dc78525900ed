// ValueDirectory: large values as files, named by the SHA-256 of what is in them. docs/storage_format.md
// tells why.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <set>

#include "descriptor/value.h"
#include "storage/block_checksums.h"
#include "storage/direct_writer.h"

namespace rebus {

// So many bytes of a file are written through the page cache, where they stay for whoever reads them next.
// The rest of larger ones is not.
inline constexpr uint64_t kThroughCache = 16 << 20;

// A file being written under a temporary name. Removed with its last handle unless it was placed.
class PendingFile final : public ValueSource {
 public:
  explicit PendingFile(File file) : file_(std::move(file)) {}
  ~PendingFile() override;
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> buffer) const override {
    return file_.read_at(offset, buffer);
  }
  int file_descriptor() const override { return file_.fd(); }
  // While it is written; one thread.
  Result<void> append(Bytes bytes);
  // At its end, once.
  Result<void> sync();
  const BlockChecksums& checksums() const { return checksums_; }
  const std::string& path() const { return file_.path(); }  // the temporary one
  // Gives it its final name, once; one thread. Readers do not notice.
  Result<void> place(const std::string& path) const;

 private:
  File file_;
  BlockChecksums checksums_;
  std::unique_ptr<DirectWriter> rest_;  // what came after the first kThroughCache bytes
  mutable std::atomic<bool> is_placed_{false};
};

// create_pending() is for any thread, all else for one.
class ValueDirectory {
 public:
  explicit ValueDirectory(std::string path) : path_(std::move(path)) {}
  const std::string& path() const { return path_; }
  // Makes its directories, durably; some may be there.
  Result<void> create();

  Result<std::shared_ptr<PendingFile>> create_pending() const;
  // Whether the file is from create_pending() of this directory, not of another store.
  bool made(const PendingFile& file) const { return file.path().starts_with(temporary()); }
  std::string path_of(const Digest& digest) const;
  // Moves the file to its place. Not durable before sync().
  Result<void> place(const PendingFile& file, const Digest& digest);
  Result<void> sync();

  struct Listing {
    std::vector<Digest> values;          // sorted
    std::vector<std::string> temporary;  // paths
  };
  // All of it, or an error. Files with other names are not ours, and not listed.
  Result<Listing> list() const;

 private:
  std::string temporary() const { return path_ + "/tmp"; }
  std::string path_;
  std::set<std::string> unsynced_;  // directories
};

}  // namespace rebus
