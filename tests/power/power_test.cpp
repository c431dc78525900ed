// A machine that loses power, and a disk that fails to sync: what was committed is there, and after a failure
// the store takes nothing more.
#include <rocksdb/env.h>

#include "storage/rocksdb_storage.h"
#include "tests/power/knowing_file_system.h"
#include "tests/storage/ledger.h"

namespace rebus::power_test {
namespace {

class Power : public testing::Test {
 protected:
  std::unique_ptr<Storage> open() { return must(open_rocksdb_storage(directory_.store(), env_.get())); }
  std::string cut() {
    std::string copy = directory_.path() + "/copy";
    files_->copy_after_power_cut(directory_.store(), copy);
    return copy;
  }

  // The next such operation on a write-ahead log.
  void fail_next(KnowingFileSystem::Operation wanted, const std::string& error) {
    files_->before = [=, done = false](auto operation, const std::string& file) mutable {
      if (done || operation != wanted || !file.ends_with(".log")) return IOStatus::OK();
      done = true;
      return IOStatus::IOError(error, file);
    };
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
  fail_next(KnowingFileSystem::Operation::kSync, "injected sync error");
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
  fail_next(KnowingFileSystem::Operation::kWrite, "injected write error");
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
}  // namespace rebus::power_test
