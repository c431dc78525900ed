// Which directories become stores, and which are refused.
#include <sys/stat.h>

#include "storage/free_space.h"
#include "tests/storage/ledger.h"

namespace rebus::directory_test {
namespace {

namespace fs = std::filesystem;

std::string opening_error(const std::string& path) {
  auto storage = open_storage({"rocksdb", path});
  if (storage) return {};
  EXPECT_EQ(storage.error().code, Code::kStorage);
  EXPECT_NE(storage.error().message.find(path), std::string::npos) << storage.error().message;
  return storage.error().message;
}

TEST(StoreDirectory, is_made_for_its_owner_alone) {
  TemporaryDirectory directory;
  std::string path = directory.path() + "/above/it/store";
  EXPECT_EQ(opening_error(path), "");
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  fs::create_directory(directory.store());
  fs::permissions(directory.store(), fs::perms::all);
  EXPECT_EQ(opening_error(directory.store()), "");
  ASSERT_EQ(stat(directory.store().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST(StoreDirectory, is_refused_when_it_is_none) {
  TemporaryDirectory directory;
  write_file(directory.store(), "a file");
  EXPECT_NE(opening_error(directory.store()).find("Not a directory"), std::string::npos);
  EXPECT_EQ(read_file(directory.store()), "a file");
}

TEST(StoreDirectory, is_refused_behind_a_symbolic_link) {
  TemporaryDirectory directory, other;
  fs::create_symlink(other.path(), directory.store());
  EXPECT_NE(opening_error(directory.store()), "");
  EXPECT_NE(open_storage({"rocksdb", directory.store() + "/"}).ok(), true);
  EXPECT_TRUE(fs::is_empty(other.path()));
}

TEST(StoreDirectory, is_refused_with_the_files_of_others) {
  TemporaryDirectory directory;
  write_file(directory.path() + "/thesis.tex", "years of work");
  EXPECT_NE(opening_error(directory.path()).find("thesis.tex"), std::string::npos);
  EXPECT_EQ(std::distance(fs::directory_iterator(directory.path()), {}), 1);
}

TEST(StoreDirectory, is_refused_when_another_user_owns_it) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can make such a directory";
  TemporaryDirectory directory;
  fs::create_directory(directory.store());
  ASSERT_EQ(chown(directory.store().c_str(), 12345, 12345), 0);
  EXPECT_NE(opening_error(directory.store()).find("another user"), std::string::npos);
}

TEST(StoreDirectory, serves_one_opening_at_a_time) {
  TemporaryDirectory directory;
  auto first = must(open_storage({"rocksdb", directory.store()}));
  EXPECT_EQ(opening_error(directory.store()), directory.store() + " is in use by another rebus process");
  first.reset();
  EXPECT_EQ(opening_error(directory.store()), "");
}

TEST(StoreDirectory, may_be_moved) {
  TemporaryDirectory directory;
  std::string moved = directory.path() + "/moved";
  {
    auto storage = must(open_storage({"rocksdb", directory.store()}));
    Ledger::add(*storage, 60);
    must(storage->commit());
  }
  fs::rename(directory.store(), moved);
  EXPECT_EQ(Ledger::read(*must(open_storage({"rocksdb", moved})), 60), "");
}

// Every state that a process killed while it makes a store can leave.
TEST(StoreDirectory, is_made_again_when_the_making_was_cut) {
  std::vector<std::function<void(const std::string&)>> states{
      [](const std::string&) {},
      [](const std::string& path) { write_file(path + "/FORMAT.tmp", "reb"); },
      [](const std::string& path) { write_file(path + "/FORMAT", "rebus storage 3\n"); },
      [](const std::string& path) { fs::create_directories(path + "/values/tmp"); },
      [](const std::string& path) {
        fs::create_directory(path + "/db.new");
        write_file(path + "/db.new/CURRENT", "MANIFEST-0");
        write_file(path + "/db.new/LOCK", "");
      },
      [](const std::string& path) { write_file(path + "/HIGH_WATER.tmp", "rebus h"); },
  };
  for (size_t upto = 0; upto < states.size(); upto++) {
    TemporaryDirectory directory;
    fs::create_directory(directory.store());
    for (size_t i = 0; i <= upto; i++) states[i](directory.store());
    if (upto == 1) fs::remove(directory.store() + "/FORMAT");
    EXPECT_EQ(opening_error(directory.store()), "") << upto;
  }
}

TEST(StoreDirectory, is_made_again_when_the_database_had_no_name_yet) {
  TemporaryDirectory directory;
  EXPECT_EQ(opening_error(directory.store()), "");
  std::string old_name = must(open_storage({"rocksdb", directory.store()}))->bus_name();
  fs::rename(directory.store() + "/db", directory.store() + "/db.new");
  write_file(directory.store() + "/HIGH_WATER", "");
  EXPECT_NE(opening_error(directory.store()), "") << "that note is no unfinished one: it is written whole";
  fs::remove(directory.store() + "/HIGH_WATER");
  auto storage = must(open_storage({"rocksdb", directory.store()}));
  EXPECT_NE(storage->bus_name(), old_name);
}

TEST(FreeSpace, is_checked_against_the_reserve) {
  EXPECT_TRUE(FreeSpace("/tmp", 0).check().ok());
  auto full = FreeSpace("/tmp", ~uint64_t{0}).check();
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code, Code::kStorage);
  EXPECT_NE(full.error().message.find("nearly full"), std::string::npos);
  EXPECT_EQ(FreeSpace("/none", 0).check().error().code, Code::kStorage);
}

}  // namespace
}  // namespace rebus::directory_test
