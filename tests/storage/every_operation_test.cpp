// Each operation on a file of RocksDB in turn: it fails, once or for ever, or the power goes off before it.
#include <rocksdb/env.h>

#include "storage/rocksdb_storage.h"
#include "tests/storage/knowing_file_system.h"
#include "tests/storage/ledger.h"

namespace rebus {
namespace {

// REBUS_STRIDE: of so many operations one is tried (1: each; unless told otherwise 4, for the sake of time).
class EveryOperation : public testing::Test {
 protected:
  // In memory: hundreds of stores are made, and no power goes off.
  static void SetUpTestSuite() {
    if (std::filesystem::is_directory("/dev/shm")) setenv("TMPDIR", "/dev/shm", 1);
  }

  static int stride() {
    const char* text = std::getenv("REBUS_STRIDE");
    return text == nullptr ? 4 : std::max(1, std::atoi(text));
  }

  // A short life: made, filled, opened again, filled. Goes on whatever fails, as a supervisor does. Gives the
  // last position that was acknowledged.
  static Seq live(const std::string& store, rocksdb::Env* env) {
    Seq committed = 0;
    for (int start = 0; start < 3; start++) {
      auto storage = open_rocksdb_storage(store, env);
      if (!storage) continue;
      for (int step = 0; step < 2; step++) {
        Scribe scribe(**storage);
        for (Seq seq = (*storage)->statistics().head + 1, end = seq + 4; seq < end; seq++) {
          scribe.origin(scribe.object(Ledger::bytes_of(seq), "entry"), 0, "name" + std::to_string(seq), seq);
          scribe.changes.marks.push_back({seq, 1, Outcome::kDone, ""});
        }
        auto done = (*storage)->apply(scribe.changes);
        if (done) done = (*storage)->commit();
        if (!done) break;
        committed = (*storage)->statistics().head;
      }
    }
    return committed;
  }

  int operations() {
    int count = 0;
    files_->before = [&](auto, auto&) { return count++, IOStatus::OK(); };
    live(directory_.path() + "/counted", env_.get());
    files_->before = nullptr;
    return count;
  }

  static void expect_whole(const std::string& store, Seq committed) {
    auto storage = open_storage({"rocksdb", store});
    ASSERT_TRUE(storage.ok()) << storage.error().message;
    EXPECT_GE((*storage)->statistics().head, committed);
    EXPECT_EQ(Ledger::read(**storage, (*storage)->statistics().head), "");
  }

  // From the N-th operation on `count` of them fail.
  void expect_whole_when_failing(const IOStatus& error, int count) {
    const int end = operations();
    EXPECT_GT(end, 50);
    for (int first = 0; first < end && !HasFailure(); first += stride()) {
      SCOPED_TRACE("operation " + std::to_string(first));
      int number = 0;
      files_->before = [&](auto, auto&) {
        bool fails = number >= first && number - first < count;
        number++;
        return fails ? error : IOStatus::OK();
      };
      std::string store = directory_.path() + "/" + std::to_string(first);
      Seq committed = live(store, env_.get());
      files_->before = nullptr;
      expect_whole(store, committed);
      std::filesystem::remove_all(store);
    }
  }

  // The disk keeps names at once, or when their directory is synced.
  void expect_whole_after_power_cut(bool keeps_names) {
    const int end = operations();
    for (int last = 0; last < end && !HasFailure(); last += stride()) {
      SCOPED_TRACE("operation " + std::to_string(last));
      std::string store = directory_.path() + "/" + std::to_string(last), copy = store + "-copy";
      Seq committed =
          live_until(store, last, [&] { files_->copy_after_power_cut(store, copy, keeps_names); });
      expect_whole(copy, committed);
      std::filesystem::remove_all(store);
      std::filesystem::remove_all(copy);
    }
  }

  // What was acknowledged before that operation.
  Seq live_until(const std::string& store, int last, const std::function<void()>& cut) {
    int number = 0;
    bool is_cut = false;
    files_->before = [&](auto, auto&) {
      if (number++ == last) is_cut = true, cut();
      return is_cut ? IOStatus::IOError("no power") : IOStatus::OK();
    };
    Seq committed = live(store, env_.get());
    files_->before = nullptr;
    return committed;
  }

  TemporaryDirectory directory_;
  std::shared_ptr<KnowingFileSystem> files_ = std::make_shared<KnowingFileSystem>();
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(files_);
};

TEST_F(EveryOperation, that_fails_once_costs_nothing_that_was_committed) {
  expect_whole_when_failing(IOStatus::IOError("injected error"), 1);
}

TEST_F(EveryOperation, that_finds_the_disk_full_for_a_while_costs_nothing_that_was_committed) {
  expect_whole_when_failing(IOStatus::NoSpace("injected"), 20);
}

TEST_F(EveryOperation, before_which_the_power_goes_off_costs_nothing_that_was_committed) {
  expect_whole_after_power_cut(true);
}

TEST_F(EveryOperation, before_which_the_power_goes_off_costs_nothing_even_if_names_are_lost) {
  expect_whole_after_power_cut(false);
}

}  // namespace
}  // namespace rebus
