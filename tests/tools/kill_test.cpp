// A chain on disk, killed at work and run again, ends as if nothing had happened.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "tests/support/elf_archive.h"
#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus::kill_test {
namespace {

using Lines = std::vector<std::string>;

class KillTest : public testing::TestWithParam<int> {
 protected:
  static std::vector<std::string> chain() {
    return {"rebus_agent", "--storage", "rocksdb", "--path", "db",      "hasher",  "unarchive",
            "inject",      "apt1.tgz",  "--",      "return", "--short", "md5_hash"};
  }
  ScratchFolder folder_;
};

// The parameter: how many lines are printed before each kill.
TEST_P(KillTest, AChainThatIsKilledAndRunAgainPrintsEverything) {
  pack_files(folder_.at("apt1.tgz"), elf_files(300 / REBUS_SCALE, 24 << 20));
  const Lines expected = md5_lines(folder_.at("apt1.tgz"), "apt1.tgz");
  for (int kill = 0; kill < 3; kill++) {
    Process process(chain(), folder_.path());
    eventually([&] { return process.line_count() >= GetParam() || !process.is_running(); });
    process.signal(SIGKILL);
    auto killed = process.wait();
    for (const auto& line : killed.sorted_lines()) {
      bool is_cut = !std::binary_search(expected.begin(), expected.end(), line);
      EXPECT_TRUE(!is_cut || killed.out.ends_with(line)) << line;
    }
  }
  auto done = run(chain(), folder_.path());
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(done.sorted_lines(), expected);
  auto again = run(chain(), folder_.path());
  EXPECT_EQ(again.sorted_lines(), expected);
}

INSTANTIATE_TEST_SUITE_P(Moments, KillTest, testing::Values(0, 1, 100 / REBUS_SCALE));

}  // namespace
}  // namespace rebus::kill_test
