#include "agents/support/directory_watch.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "agents/support/input_file.h"
#include "tests/support/scratch_folder.h"

namespace rebus::directory_watch_test {
namespace {

using Kind = DirectoryChange::Kind;
using std::chrono::milliseconds;

class Watched : public testing::Test {
 protected:
  Watched() {
    auto directory = InputFile::open(AT_FDCWD, folder_.path(), InputFile::Links::kRefuse, false);
    EXPECT_TRUE(watch_.ok() && directory.ok() && watch_->add(*directory, {0, ""}).ok());
  }

  ScratchFolder folder_;
  Result<DirectoryWatch> watch_ = DirectoryWatch::open();
};

TEST_F(Watched, file_that_is_written_often_is_told_once) {
  std::ofstream a(folder_.at("a")), b(folder_.at("b"));
  for (int i = 0; i < 500; i++) {
    for (const char* name : {"a", "b"}) std::ofstream(folder_.at(name)) << i;
  }
  std::map<std::string, int> closed;
  for (const DirectoryChange& change : watch_->wait(milliseconds(60'000))) {
    if (change.kind == Kind::kFile) closed[change.name]++;
  }
  EXPECT_EQ(closed, (std::map<std::string, int>{{"a", 1}, {"b", 1}}));
  std::ofstream(folder_.at("a")) << "more";
  EXPECT_EQ(watch_->wait(milliseconds(60'000)).size(), 1u);
}

TEST_F(Watched, file_in_the_place_of_another_is_told_too) {
  for (const char* content : {"one", "two"}) {
    std::ofstream(folder_.at("a")) << content;
    std::filesystem::remove(folder_.at("a"));
  }
  std::vector<Kind> kinds;
  for (const DirectoryChange& change : watch_->wait(milliseconds(60'000))) kinds.push_back(change.kind);
  EXPECT_EQ(kinds, (std::vector{Kind::kEntry, Kind::kFile, Kind::kEntry, Kind::kFile}));
}

}  // namespace
}  // namespace rebus::directory_watch_test
