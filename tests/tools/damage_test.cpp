// A store with a damaged file: no wrong answer, no shorter answer that looks whole, and all of it again once
// the file is restored.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/support/elf_archive.h"
#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus::damage_test {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

class StoreDamageTest : public testing::Test {
 protected:
  Finished chain(std::vector<std::string> words) {
    words.insert(words.begin(), {"rebus_agent", "--storage", "rocksdb", "--path", "db"});
    return run(std::move(words), folder_.path());
  }
  Finished print() { return chain({"hasher", "--", "return", "--short", "md5_hash"}); }
  void restore() { folder_.run("rm -rf db && cp -a intact db"); }
  // Files with what was stored, not the notes that RocksDB keeps about itself.
  std::vector<std::string> data_files() {
    std::vector<std::string> out;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.at("db"))) {
      bool is_data = entry.path().extension() == ".sst" || entry.path().extension() == ".blob" ||
                     entry.path().string().find("/values/") != std::string::npos;
      if (entry.is_regular_file() && is_data) out.push_back(entry.path());
    }
    return out;
  }
  ScratchFolder folder_;
};

TEST_F(StoreDamageTest, NeverGivesAnAnswerThatLooksWholeAndIsNot) {
  pack_files(folder_.at("apt1.tgz"), elf_files(60, 12 << 20));
  const Lines expected = md5_lines(folder_.at("apt1.tgz"), "apt1.tgz");
  ASSERT_EQ(chain({"unarchive", "inject", "apt1.tgz"}).exit_code, 0);
  ASSERT_EQ(chain({"ls", "/binary"}).exit_code, 0);  // opening moves the write-ahead log into tables
  folder_.run("cp -a db intact");
  ASSERT_EQ(print().sorted_lines(), expected);
  restore();
  int refused = 0, large = 0;
  std::vector<std::string> files = data_files();
  for (const std::string& file : files) {
    restore();
    large += file.find("/values/") != std::string::npos;
    std::string bytes = file_bytes(file), damaged = bytes;
    for (size_t i = 1; i < 8; i++) damaged[bytes.size() * i / 8] ^= 1;
    folder_.write(file.substr(folder_.path().size() + 1), damaged);
    SCOPED_TRACE(file);
    auto done = print();
    for (const std::string& line : done.sorted_lines()) {
      EXPECT_TRUE(std::binary_search(expected.begin(), expected.end(), line)) << line;
    }
    if (done.exit_code == 0) {
      EXPECT_EQ(done.sorted_lines(), expected);
    } else {
      EXPECT_EQ(done.exit_code, 75) << done.err;
      EXPECT_NE(done.err.find(" db"), std::string::npos) << done.err;
      refused++;
    }
    folder_.write(file.substr(folder_.path().size() + 1), bytes);
    auto again = print();
    EXPECT_EQ(again.exit_code, 0) << again.err;
    EXPECT_EQ(again.sorted_lines(), expected);
  }
  EXPECT_GT(large, 0);
  EXPECT_GT(refused, large);
}

}  // namespace
}  // namespace rebus::damage_test
