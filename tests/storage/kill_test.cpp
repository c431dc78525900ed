// Processes that are killed, and what the next one finds.
#include <random>

#include "tests/storage/ledger.h"

namespace rebus::kill_test {
namespace {

// The child of the tests below: commits without end, and says how far it is after each commit.
TEST(KillChild, DISABLED_commits) {
  auto storage = must(open_storage({"rocksdb", Child::argument()}));
  for (Seq step = 1;; step++) {
    Ledger::add(*storage, 1 + step % 30);
    must(storage->commit());
    Child::say(std::to_string(storage->statistics().head));
  }
}

TEST(Killed, store_has_everything_that_was_committed) {
  TemporaryDirectory directory;
  std::mt19937 random(1);
  Seq last = 0;
  for (int round = 0; round < 6; round++) {
    Child child("KillChild.DISABLED_commits", directory.store());
    Seq committed = 0;
    for (int lines = std::uniform_int_distribution(1, 15)(random); lines > 0; lines--) {
      committed = std::stoull("0" + child.hear());
    }
    child.kill();
    ASSERT_GT(committed, last);
    auto storage = must(open_storage({"rocksdb", directory.store()}));
    last = storage->statistics().head;
    EXPECT_GE(last, committed);
    EXPECT_EQ(Ledger::read(*storage, last), "");
    EXPECT_EQ(storage->statistics().descriptors, last);
  }
}

TEST(KillChild, DISABLED_opens) {
  Child::say("ready");
  auto storage = must(open_storage({"rocksdb", Child::argument()}));
  Child::say("open");
  raise(SIGSTOP);
}

TEST(Killed, while_it_is_made_a_store_can_be_opened_afterwards) {
  TemporaryDirectory directory;
  for (int round = 0; round < 10; round++) {
    Child child("KillChild.DISABLED_opens", directory.store());
    child.hear();
    // As long as it takes to look for a file some thousand times, a little more each round.
    for (int look = 0; look < round * 500; look++) (void)std::filesystem::exists(directory.store() + "/db");
    child.kill();
  }
  auto storage = must(open_storage({"rocksdb", directory.store()}));
  Ledger::add(*storage, 3);
  must(storage->commit());
  EXPECT_EQ(Ledger::read(*storage, 3), "");
}

TEST(Killed, holder_gives_the_store_free) {
  TemporaryDirectory directory;
  Child child("KillChild.DISABLED_opens", directory.store());
  EXPECT_EQ(child.hear(), "ready");
  EXPECT_EQ(child.hear(), "open");
  auto second = open_storage({"rocksdb", directory.store()});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::kStorage);
  EXPECT_EQ(second.error().message, directory.store() + " is in use by another rebus process");
  child.kill();
  must(open_storage({"rocksdb", directory.store()}));
}

TEST(KillChild, DISABLED_leaves_one_step_uncommitted) {
  auto storage = must(open_storage({"rocksdb", Child::argument()}));
  Ledger::add(*storage, 10);
  must(storage->commit());
  Ledger::add(*storage, 11);  // more than is cut off
  Child::say("now");
  raise(SIGSTOP);
}

TEST(Killed, store_with_a_torn_last_write_opens_without_it) {
  for (uintmax_t cut : {1, 30, 511, 512, 4095, 4096}) {
    TemporaryDirectory directory;
    Child child("KillChild.DISABLED_leaves_one_step_uncommitted", directory.store());
    EXPECT_EQ(child.hear(), "now");
    child.kill();
    for (const auto& entry : std::filesystem::directory_iterator(directory.store() + "/db")) {
      if (entry.path().extension() != ".log" || entry.file_size() == 0) continue;
      std::filesystem::resize_file(entry.path(), entry.file_size() - cut);
    }
    auto storage = must(open_storage({"rocksdb", directory.store()}));
    EXPECT_EQ(storage->statistics().head, 10u);
    EXPECT_EQ(Ledger::read(*storage, 10), "");
  }
}

TEST(KillChild, DISABLED_writes_a_large_value) {
  auto storage = must(open_storage({"rocksdb", Child::argument()}));
  auto writer = storage->values().create();
  must(writer->append(as_bytes(std::string(3 << 20, 'x'))));
  Child::say("now");
  raise(SIGSTOP);
}

TEST(Killed, writers_leave_files_that_the_next_opening_removes) {
  TemporaryDirectory directory;
  Child child("KillChild.DISABLED_writes_a_large_value", directory.store());
  EXPECT_EQ(child.hear(), "now");
  child.kill();
  std::filesystem::path temporary = directory.store() + "/values/tmp";
  EXPECT_FALSE(std::filesystem::is_empty(temporary));
  must(open_storage({"rocksdb", directory.store()}));
  EXPECT_TRUE(std::filesystem::is_empty(temporary));
}

}  // namespace
}  // namespace rebus::kill_test
