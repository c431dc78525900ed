// Poison under the launcher: what kills an agent each time is given up after three times, and people read
// why.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus {
namespace {

using Words = std::vector<std::string>;

class LauncherTest : public testing::Test {
 protected:
  // Programs of ours, and a rebus_agent that can be told to die.
  LauncherTest() {
    namespace fs = std::filesystem;
    fs::create_directory(folder_.at("bin"));
    for (const char* name : {"rebus_infra", "rebus_master"}) {
      fs::copy_file(std::string(REBUS_BIN) + "/" + name, folder_.at("bin/") + name);
    }
    fs::copy_file(std::string(REBUS_BIN) + "/../tests/crash_agent", folder_.at("bin/rebus_agent"));
  }

  Finished ask(Words words) const {
    words.insert(words.begin(), {"rebus_agent", "--busaddr", address_});
    return run(words, folder_.path());
  }

  ScratchFolder folder_;
  const std::string address_ = "ipc://" + folder_.at("bus");
};

TEST_F(LauncherTest, WhatKillsAnAgentThriceIsQuarantinedAndExplained) {
  folder_.write("infra.yaml", "master: {busaddr: '" + address_ +
                                  "', storage: ram}\n"
                                  "agents:\n"
                                  "  stages:\n"
                                  "  - agents:\n"
                                  "    - hasher: {environment: {REBUS_CRASH: process-begun}}\n"
                                  "    - stringer\n");
  Process launcher({folder_.at("bin/rebus_infra"), "infra.yaml"}, folder_.path());
  ASSERT_TRUE(eventually([&] { return ask({"ls"}).exit_code == 0; })) << launcher.err();
  // The first end may be too early for anybody to know at work on what, and is not counted then.
  folder_.write("poison", "x");
  auto injected = ask({"inject", "--wait", "--selector", "/binary/elf", "poison"});
  EXPECT_EQ(injected.exit_code, 3) << injected.err;
  auto failed = ask({"ls_failed"}).out;
  EXPECT_TRUE(failed.starts_with("hasher quarantined /binary/elf/%")) << failed;
  EXPECT_NE(failed.find("poison: 3 instances ended at work on it; the last: the instance on "), failed.npos)
      << failed;
  EXPECT_NE(failed.find(" was killed by signal 9 (Killed)"), failed.npos) << failed;
  EXPECT_EQ(ask({"--until-idle", "return", "--short", "/strings"}).exit_code, 0);
  EXPECT_EQ(ask({"ls_pending"}).out, "");
  launcher.signal(SIGTERM);
  auto done = launcher.wait();
  EXPECT_EQ(done.exit_code, 0) << done.err;
}

}  // namespace
}  // namespace rebus
