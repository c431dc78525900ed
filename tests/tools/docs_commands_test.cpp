// Every ```sh block of the documentation runs. Blocks of one page share a folder, in which apt1.tgz is.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <sstream>

#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus::docs_commands_test {
namespace {

struct Block {
  int line = 0;  // where it begins
  std::string commands;
};

std::vector<Block> shell_blocks(const std::string& page) {
  std::vector<Block> blocks;
  std::istringstream lines(page);
  bool inside = false;
  int number = 0;
  for (std::string line; std::getline(lines, line); number++) {
    if (line.starts_with("```")) {
      inside = line == "```sh";
      if (inside) blocks.push_back({number + 1, ""});
    } else if (inside) {
      blocks.back().commands += line + "\n";
    }
  }
  return blocks;
}

std::vector<std::string> pages() {
  std::vector<std::string> found = {"README.md"};
  for (const auto& entry : std::filesystem::directory_iterator(REBUS_SOURCE "/docs")) {
    if (entry.path().extension() == ".md") found.push_back("docs/" + entry.path().filename().string());
  }
  return found;
}

// A home of its own, and nothing left running.
std::string script_of(const std::string& commands) {
  return "export HOME=$PWD XDG_RUNTIME_DIR=$PWD/run XDG_DATA_HOME=$PWD/data\n"
         "unset REBUS_BUSADDR\n"
         "mkdir -p -m 700 run data\n"
         "trap 'jobs -p | xargs -r kill; wait' EXIT\n"
         "set -euo pipefail\n" +
         commands;
}

class DocsCommandsTest : public testing::TestWithParam<std::string> {};

TEST_P(DocsCommandsTest, EveryShellBlockRuns) {
  ScratchFolder folder;
  ASSERT_EQ(shell("tar -czhf apt1.tgz -C /usr/bin bash cat ls env", folder.path()).exit_code, 0);
  for (const Block& block : shell_blocks(file_bytes(std::string(REBUS_SOURCE) + "/" + GetParam()))) {
    auto done = shell(script_of(block.commands), folder.path());
    EXPECT_EQ(done.exit_code, 0) << GetParam() << ":" << block.line << "\n" << block.commands << done.err;
    EXPECT_NE(done.out, "") << GetParam() << ":" << block.line << " prints nothing";
  }
}

INSTANTIATE_TEST_SUITE_P(Pages, DocsCommandsTest, testing::ValuesIn(pages()), [](const auto& page) {
  std::string name = page.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
});

}  // namespace
}  // namespace rebus::docs_commands_test
