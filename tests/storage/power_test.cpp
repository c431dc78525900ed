// A machine that loses power, and a disk that fails to sync: what was committed is there, and after a failure
// the store takes nothing more.
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <map>
#include <mutex>

#include "storage/rocksdb_storage.h"
#include "tests/storage/ledger.h"

namespace rebus {
namespace {

namespace fs = std::filesystem;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

// Knows how much of each file RocksDB has synced; fails syncs and writes of write-ahead logs when it is told
// to.
class KnowingFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  KnowingFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "KnowingFileSystem"; }

  class Writer final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    Writer(std::unique_ptr<rocksdb::FSWritableFile> file, std::string name, KnowingFileSystem& system)
        : FSWritableFileOwnerWrapper(std::move(file)), name_(std::move(name)), system_(system) {}
    IOStatus Append(const Slice& data, const IOOptions& o, IODebugContext* d) override {
      if (system_.fails_write(name_)) return IOStatus::IOError("injected write error", name_);
      return appended(data, target()->Append(data, o, d));
    }
    IOStatus Append(const Slice& data, const IOOptions& o, const rocksdb::DataVerificationInfo& v,
                    IODebugContext* d) override {
      if (system_.fails_write(name_)) return IOStatus::IOError("injected write error", name_);
      return appended(data, target()->Append(data, o, v, d));
    }
    IOStatus Sync(const IOOptions& o, IODebugContext* d) override { return synced(target()->Sync(o, d)); }
    IOStatus Fsync(const IOOptions& o, IODebugContext* d) override { return synced(target()->Fsync(o, d)); }

   private:
    IOStatus appended(const Slice& data, IOStatus status) {
      if (status.ok()) size_ += data.size();
      return status;
    }
    IOStatus synced(IOStatus status) {
      if (system_.fails_sync(name_)) return IOStatus::IOError("injected sync error", name_);
      if (status.ok()) system_.note(name_, size_);
      return status;
    }
    std::string name_;
    KnowingFileSystem& system_;
    uint64_t size_ = 0;
  };

  IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* d) override {
    auto status = target()->NewWritableFile(name, options, result, d);
    if (!status.ok()) return status;
    note(name, 0);
    *result = std::make_unique<Writer>(std::move(*result), name, *this);
    return status;
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& o,
                      IODebugContext* d) override {
    std::lock_guard lock(mutex_);
    if (auto known = synced_.extract(from); !known.empty()) synced_[to] = known.mapped();
    return target()->RenameFile(from, to, o, d);
  }

  // A copy of the store as it would be found after the power went off now: without what was not synced.
  void copy_after_power_cut(const std::string& from, const std::string& to) {
    fs::copy(from, to, fs::copy_options::recursive);
    std::lock_guard lock(mutex_);
    for (const auto& [name, size] : synced_) {
      if (!name.starts_with(from)) continue;
      fs::path copy = to + name.substr(from.size());
      if (fs::exists(copy) && fs::file_size(copy) > size) fs::resize_file(copy, size);
    }
  }

  void note(const std::string& name, uint64_t size) {
    std::lock_guard lock(mutex_);
    synced_[name] = size;
  }
  bool fails_sync(const std::string& name) { return name.ends_with(".log") && fail_sync.exchange(false); }
  bool fails_write(const std::string& name) { return name.ends_with(".log") && fail_write.exchange(false); }

  std::atomic<bool> fail_sync{false};
  std::atomic<bool> fail_write{false};

 private:
  std::mutex mutex_;
  std::map<std::string, uint64_t> synced_;
};

class Power : public testing::Test {
 protected:
  std::unique_ptr<Storage> open() { return must(open_rocksdb_storage(directory_.store(), env_.get())); }
  std::string cut() {
    std::string copy = directory_.path() + "/copy";
    fs::remove_all(copy);
    files_->copy_after_power_cut(directory_.store(), copy);
    return copy;
  }

  TemporaryDirectory directory_;
  std::shared_ptr<KnowingFileSystem> files_ = std::make_shared<KnowingFileSystem>();
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(files_);
};

TEST_F(Power, lost_at_any_commit_takes_nothing_that_was_committed) {
  auto storage = open();
  for (int step = 0; step < 12; step++) {
    Ledger::add(*storage, 11);
    must(storage->commit());
    Seq committed = storage->statistics().head;
    if (step % 3 == 2) Ledger::add(*storage, 2);  // not committed: there or not
    auto copy = must(open_storage({"rocksdb", cut()}));
    EXPECT_GE(copy->statistics().head, committed);
    EXPECT_EQ(Ledger::read(*copy, committed), "");
    if (step == 6) {
      storage.reset();
      storage = open();
    }
  }
}

TEST_F(Power, lost_right_after_opening_takes_nothing) {
  auto storage = open();
  must(open_storage({"rocksdb", cut()}));
  Ledger::add(*storage, 20);
  must(storage->commit());
  storage.reset();
  storage = open();
  auto copy = must(open_storage({"rocksdb", cut()}));
  EXPECT_EQ(Ledger::read(*copy, 20), "");
  EXPECT_EQ(copy->epoch(), 3u) << "an epoch is never given twice";
}

void expect_refused(const Result<void>& result, const std::string& reason) {
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::kStorage);
  EXPECT_NE(result.error().message.find(reason), std::string::npos) << result.error().message;
}

TEST_F(Power, failed_sync_is_never_tried_again) {
  auto storage = open();
  Ledger::add(*storage, 10);
  must(storage->commit());
  Ledger::add(*storage, 1);
  files_->fail_sync = true;
  expect_refused(storage->commit(), "injected sync error");
  expect_refused(storage->commit(), "injected sync error");
  Scribe scribe(*storage);
  scribe.object("more");
  expect_refused(storage->apply(scribe.changes), "injected sync error");
  EXPECT_EQ(Ledger::read(*storage, 11), "") << "reading goes on";
  storage.reset();
  storage = open();
  EXPECT_EQ(Ledger::read(*storage, 10), "");
  Ledger::add(*storage, 1);
  must(storage->commit());
}

TEST_F(Power, failed_write_is_never_tried_again) {
  auto storage = open();
  Ledger::add(*storage, 10);
  must(storage->commit());
  files_->fail_write = true;
  Scribe scribe(*storage);
  scribe.object("more");
  auto first = storage->apply(scribe.changes);
  if (first) first = storage->commit();
  EXPECT_FALSE(first.ok());
  expect_refused(storage->apply(scribe.changes), "injected write error");
  expect_refused(storage->commit(), "injected write error");
  EXPECT_EQ(Ledger::read(*storage, 10), "");
  storage.reset();
  EXPECT_EQ(Ledger::read(*open(), 10), "");
}

}  // namespace
}  // namespace rebus
