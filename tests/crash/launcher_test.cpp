// Poison under the launcher: what kills an agent each time is given up after three times, and people read
// why.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus::launcher_test {
namespace {

using Words = std::vector<std::string>;

// A control group that ends who takes more memory.
class MemoryGroup {
 public:
  // Not there if the machine does not let us.
  explicit MemoryGroup(uint64_t limit) {
    std::string name = "/rebus_launcher_test_" + std::to_string(getpid());
    for (const char* place : {"/sys/fs/cgroup/memory", "/sys/fs/cgroup"}) {
      path_ = place + name;
      std::error_code failed;
      if (!std::filesystem::create_directory(path_, failed)) continue;
      for (const char* file : {"/memory.limit_in_bytes", "/memory.max"}) {
        std::ofstream setting(path_ + file);
        if (setting << limit << std::flush) return;
      }
      std::filesystem::remove(path_, failed);
    }
    path_.clear();
  }
  ~MemoryGroup() {
    if (path_.empty()) return;
    EXPECT_TRUE(eventually([&] { return rmdir(path_.c_str()) == 0; }));
  }
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;

  bool is_there() const { return !path_.empty(); }
  std::string members() const { return path_ + "/cgroup.procs"; }

 private:
  std::string path_;
};

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

  // Has agents of one name end when they take more memory.
  void limit(const std::string& agent, const MemoryGroup& group) const {
    namespace fs = std::filesystem;
    fs::rename(folder_.at("bin/rebus_agent"), folder_.at("bin/agent"));
    folder_.write("bin/rebus_agent", "#!/bin/sh\ncase \"$*\" in *" + agent + "*) echo $$ > " +
                                         group.members() + ";; esac\nexec " + folder_.at("bin/agent") +
                                         " \"$@\"\n");
    fs::permissions(folder_.at("bin/rebus_agent"), fs::perms::owner_all);
  }

  // A master, and one stage of these two agents.
  void write_settings(const std::string& first, const std::string& second) const {
    folder_.write("infra.yaml", "master: {busaddr: '" + address_ + "', storage: ram}\n" +
                                    "agents: {stages: [{agents: [" + first + ", " + second + "]}]}\n");
  }

  Finished ask(Words words) const {
    words.insert(words.begin(), {"rebus_agent", "--busaddr", address_});
    return run(words, folder_.path());
  }

  ScratchFolder folder_;
  const std::string address_ = "ipc://" + folder_.at("bus");
};

TEST_F(LauncherTest, WhatKillsAnAgentThriceIsQuarantinedAndExplained) {
  write_settings("hasher: {environment: {REBUS_CRASH: process-begun}}", "stringer");
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
  bool is_hasher_up = done.exit_code == 0;
  EXPECT_TRUE(is_hasher_up || done.exit_code == 3) << done.err;
}

TEST_F(LauncherTest, WhatTakesAllMemoryThriceIsQuarantinedAndSaidSo) {
  MemoryGroup group(90 << 20);
  if (!group.is_there()) GTEST_SKIP() << "NOT TESTED: no control group for memory of its own";
  limit("hasher", group);
  write_settings("hasher: {environment: {REBUS_HOG: process-begun}}", "stringer");
  Process launcher({folder_.at("bin/rebus_infra"), "infra.yaml"}, folder_.path());
  ASSERT_TRUE(eventually([&] { return ask({"ls"}).exit_code == 0; })) << launcher.err();
  folder_.write("poison", "x");
  auto injected = ask({"inject", "--wait", "--selector", "/binary/elf", "poison"});
  EXPECT_EQ(injected.exit_code, 3) << injected.err;
  auto failed = ask({"ls_failed"}).out;
  EXPECT_TRUE(failed.starts_with("hasher quarantined /binary/elf/%")) << failed;
  EXPECT_NE(failed.find("(Killed) while the kernel killed for want of memory"), failed.npos) << failed;
  EXPECT_EQ(ask({"--until-idle", "return", "--short", "/strings"}).exit_code, 0);
  launcher.signal(SIGTERM);
  launcher.wait();
}

TEST_F(LauncherTest, AParserThatTakesAllMemoryIsTheOnlyOneToEnd) {
  MemoryGroup group(48 << 20);
  if (!group.is_there()) GTEST_SKIP() << "NOT TESTED: no control group for memory of its own";
  limit("unarchive", group);
  write_settings("unarchive", "hasher");
  Process launcher({folder_.at("bin/rebus_infra"), "infra.yaml"}, folder_.path());
  ASSERT_TRUE(eventually([&] { return ask({"ls"}).exit_code == 0; })) << launcher.err();
  // Its dictionary alone is 64 MiB.
  ASSERT_EQ(shell("head -c 100000000 /dev/zero | xz -9 > poison.xz; tar czf b.tgz -C /bin ls", folder_.path())
                .exit_code,
            0);
  auto injected = ask({"inject", "--wait", "poison.xz", "b.tgz"});
  EXPECT_EQ(injected.exit_code, 3) << injected.err;
  auto failed = ask({"ls_failed"}).out;
  EXPECT_TRUE(failed.starts_with("unarchive failed /compressed/xz/%")) << failed;
  EXPECT_NE(failed.find("was killed by signal 9 (Killed)"), failed.npos) << failed;
  EXPECT_NE(ask({"--until-idle", "return", "--short", "/md5_hash"}).out.find("b.tgz:ls = "),
            std::string::npos);
  launcher.signal(SIGTERM);
  EXPECT_EQ(launcher.wait().exit_code, 0);
}

}  // namespace
}  // namespace rebus::launcher_test
