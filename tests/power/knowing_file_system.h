// KnowingFileSystem: between a store and the disk. Knows what would survive a power cut, and makes operations
// fail.
#pragma once

#include <rocksdb/file_system.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "tests/support/scratch_folder.h"

namespace rebus {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

// What RocksDB does to its files, and what a test tells of others: everything that changes them passes
// through `before` first, which may make it fail. Syncs are played as well: no power goes off, and the tests
// take a tenth of the time.
class KnowingFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  enum class Operation { kCreate, kWrite, kSync, kRename, kDelete, kSyncDirectory };
  using Before = std::function<IOStatus(Operation, const std::string& file)>;

  KnowingFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "KnowingFileSystem"; }

  // Set while nothing is open. Called on RocksDB's threads, too, one at a time.
  Before before;

  IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* d) override {
    auto status = ask(Operation::kCreate, name);
    if (status.ok()) status = target()->NewWritableFile(name, options, result, d);
    if (!status.ok()) return status;
    note_new(name);
    *result = std::make_unique<Writer>(std::move(*result), name, *this);
    return status;
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& o,
                      IODebugContext* d) override {
    auto status = ask(Operation::kRename, to);
    if (!status.ok()) return status;
    auto old = bytes_under(to);
    status = target()->RenameFile(from, to, o, d);
    if (status.ok()) note_rename(from, to, std::move(old));
    return status;
  }
  IOStatus DeleteFile(const std::string& name, const IOOptions& o, IODebugContext* d) override {
    auto status = ask(Operation::kDelete, name);
    return status.ok() ? target()->DeleteFile(name, o, d) : status;
  }
  IOStatus NewDirectory(const std::string& name, const IOOptions& o,
                        std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext* d) override {
    auto status = target()->NewDirectory(name, o, result, d);
    if (status.ok()) *result = std::make_unique<Directory>(std::move(*result), name, *this);
    return status;
  }

  // --- for files that are not RocksDB's ---
  IOStatus ask(Operation operation, const std::string& file) {
    std::lock_guard lock(asking_);
    return before ? before(operation, file) : IOStatus::OK();
  }
  // A new file.
  void note_new(const std::string& name) {
    note_size(name, 0);
    note_name(name, std::nullopt);
  }
  // So many bytes of it are on the disk.
  void note_size(const std::string& name, uint64_t size) {
    std::lock_guard lock(mutex_);
    synced_[name] = size;
  }
  // `old`: what stood under the new name before.
  void note_rename(const std::string& from, const std::string& to, std::optional<std::string> old) {
    std::lock_guard lock(mutex_);
    if (auto known = synced_.extract(from); !known.empty()) synced_[to] = known.mapped();
    names_.erase(from);
    names_.try_emplace(to, std::move(old));
  }
  // The names in a directory are on the disk.
  void note_names_in(const std::string& directory) {
    std::lock_guard lock(mutex_);
    std::erase_if(names_, [&](const auto& entry) {
      return std::filesystem::path(entry.first).parent_path() == std::filesystem::path(directory);
    });
  }
  static std::optional<std::string> bytes_under(const std::string& name) {
    return std::filesystem::is_regular_file(name) ? std::optional(file_bytes(name)) : std::nullopt;
  }

  // A copy of the store as it would be found after the power went off now: without what was not synced. The
  // disk keeps names as soon as they are made, or only those of synced directories.
  void copy_after_power_cut(const std::string& from, const std::string& to, bool keeps_names = true) {
    namespace fs = std::filesystem;
    fs::remove_all(to);
    std::lock_guard lock(mutex_);
    fs::copy(from, to, fs::copy_options::recursive);
    for (const auto& [name, size] : synced_) {
      if (!name.starts_with(from)) continue;
      fs::path copy = to + name.substr(from.size());
      if (fs::exists(copy) && fs::file_size(copy) > size) fs::resize_file(copy, size);
    }
    if (keeps_names) return;
    for (const auto& [name, old] : names_) {
      if (!name.starts_with(from)) continue;
      std::string copy = to + name.substr(from.size());
      fs::remove(copy);
      if (old) std::ofstream(copy, std::ios::binary) << *old;
    }
  }

 private:
  class Writer final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    Writer(std::unique_ptr<rocksdb::FSWritableFile> file, std::string name, KnowingFileSystem& system)
        : FSWritableFileOwnerWrapper(std::move(file)), name_(std::move(name)), system_(system) {}
    IOStatus Append(const Slice& data, const IOOptions& o, IODebugContext* d) override {
      auto allowed = system_.ask(Operation::kWrite, name_);
      return allowed.ok() ? appended(data, target()->Append(data, o, d)) : allowed;
    }
    IOStatus Append(const Slice& data, const IOOptions& o, const rocksdb::DataVerificationInfo& v,
                    IODebugContext* d) override {
      auto allowed = system_.ask(Operation::kWrite, name_);
      return allowed.ok() ? appended(data, target()->Append(data, o, v, d)) : allowed;
    }
    IOStatus Sync(const IOOptions& o, IODebugContext* d) override {
      auto allowed = system_.ask(Operation::kSync, name_);
      return allowed.ok() ? synced(target()->Flush(o, d)) : allowed;
    }
    IOStatus Fsync(const IOOptions& o, IODebugContext* d) override {
      auto allowed = system_.ask(Operation::kSync, name_);
      return allowed.ok() ? synced(target()->Flush(o, d)) : allowed;
    }

   private:
    IOStatus appended(const Slice& data, IOStatus status) {
      if (status.ok()) size_ += data.size();
      return status;
    }
    IOStatus synced(IOStatus status) {
      if (status.ok()) system_.note_size(name_, size_);
      return status;
    }
    std::string name_;
    KnowingFileSystem& system_;
    uint64_t size_ = 0;
  };

  class Directory final : public rocksdb::FSDirectory {
   public:
    Directory(std::unique_ptr<rocksdb::FSDirectory> directory, std::string name, KnowingFileSystem& system)
        : directory_(std::move(directory)), name_(std::move(name)), system_(system) {}
    IOStatus Fsync(const IOOptions& o, IODebugContext* d) override { return FsyncWithDirOptions(o, d, {}); }
    IOStatus FsyncWithDirOptions(const IOOptions&, IODebugContext*,
                                 const rocksdb::DirFsyncOptions&) override {
      auto status = system_.ask(Operation::kSyncDirectory, name_);
      if (status.ok()) system_.forget_names_in(name_);
      return status;
    }
    IOStatus Close(const IOOptions& o, IODebugContext* d) override { return directory_->Close(o, d); }

   private:
    std::unique_ptr<rocksdb::FSDirectory> directory_;
    std::string name_;
    KnowingFileSystem& system_;
  };

  void note_name(const std::string& name, std::optional<std::string> old) {
    std::lock_guard lock(mutex_);
    names_.try_emplace(name, std::move(old));
  }
  void forget_names_in(const std::string& directory) {
    std::lock_guard lock(mutex_);
    std::erase_if(names_, [&](const auto& entry) {
      return std::filesystem::path(entry.first).parent_path() ==
                 std::filesystem::path(directory).lexically_normal() ||
             entry.first.starts_with(directory + "/");
    });
  }

  std::mutex mutex_, asking_;
  std::map<std::string, uint64_t> synced_;
  // Names that are not on the disk yet, with what stood under them before.
  std::map<std::string, std::optional<std::string>> names_;
};

}  // namespace rebus
