// Control groups of each version: in folders that look like the kernel's, and in those of this host.
#include "agents/support/sandbox/cgroup.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/scratch_folder.h"

namespace rebus::cgroup_test {
namespace {

namespace fs = std::filesystem;

constexpr CgroupLimits kLimits{1 << 20, 7};

class Cgroups : public testing::Test {
 protected:
  CgroupPlaces places(const std::string& mounts, const std::string& own) const {
    return {folder_.write("mounts", mounts), folder_.write("own", own)};
  }
  // The only group below; empty: none.
  std::string group_in(const std::string& name) const {
    for (const auto& entry : fs::directory_iterator(folder_.at(name))) {
      if (entry.path().filename().string().starts_with("rebus_cell_")) return entry.path();
    }
    return {};
  }

  ScratchFolder folder_;
};

TEST_F(Cgroups, of_version_2_are_made_where_controllers_are_handed_down) {
  folder_.write("top/cgroup.subtree_control", "cpu memory pids\n");
  folder_.write("top/own/cgroup.subtree_control", "cpu\n");
  auto places = this->places("x " + folder_.at("top") + " cgroup2 rw 0 0\n", "0::/own\n");
  auto cgroup = Cgroup::make(kLimits, places);
  ASSERT_TRUE(cgroup.ok()) << cgroup.error().message;
  EXPECT_EQ(cgroup->layer(), "cgroup v2: memory, processes");
  EXPECT_TRUE(cgroup->bounds_all());
  const std::string group = group_in("top");
  EXPECT_EQ(group_in("top/own"), "");
  EXPECT_EQ(file_bytes(group + "/memory.max"), "1048576");
  EXPECT_EQ(file_bytes(group + "/memory.swap.max"), "0");
  EXPECT_EQ(file_bytes(group + "/pids.max"), "7");
  ASSERT_TRUE(cgroup->join().ok());
  EXPECT_EQ(file_bytes(group + "/cgroup.procs"), "0");
  folder_.write(fs::relative(group, folder_.path()).string() + "/memory.events",
                "low 1\noom 4\noom_kill 2\n");
  folder_.write(fs::relative(group, folder_.path()).string() + "/pids.events", "max 5\n");
  EXPECT_EQ(cgroup->memory_kills(), 2u);
  EXPECT_EQ(cgroup->refused_processes(), 5u);
}

TEST_F(Cgroups, of_version_1_are_one_for_each_controller) {
  for (const char* each : {"memory/own", "pids/own", "unified"}) fs::create_directories(folder_.at(each));
  folder_.write("unified/cgroup.subtree_control", "hugetlb\n");
  auto places = this->places("x " + folder_.at("memory") + " cgroup rw,memory 0 0\nx " + folder_.at("pids") +
                                 " cgroup rw,pids 0 0\nx " + folder_.at("unified") + " cgroup2 rw 0 0\n",
                             "4:memory:/own\n8:pids:/\n0::/\n");
  auto cgroup = Cgroup::make(kLimits, places);
  ASSERT_TRUE(cgroup.ok()) << cgroup.error().message;
  EXPECT_EQ(cgroup->layer(), "cgroup v1: memory, processes");
  EXPECT_EQ(file_bytes(group_in("memory/own") + "/memory.limit_in_bytes"), "1048576");
  EXPECT_EQ(file_bytes(group_in("pids") + "/pids.max"), "7");
}

TEST_F(Cgroups, are_not_there_where_nothing_is_mounted) {
  auto cgroup = Cgroup::make(kLimits, places("proc /proc proc rw 0 0\n", "0::/\n"));
  ASSERT_FALSE(cgroup.ok());
  EXPECT_EQ(cgroup.error().code, Code::kUnavailable);
}

TEST_F(Cgroups, of_those_that_were_killed_are_swept) {
  folder_.write("top/cgroup.subtree_control", "memory pids\n");
  pid_t gone = fork();
  if (gone == 0) _exit(0);
  waitpid(gone, nullptr, 0);
  const std::string left = folder_.at("top/rebus_cell_" + std::to_string(gone) + "_12345");
  const std::string reused = folder_.at("top/rebus_cell_" + std::to_string(getpid()) + "_1");
  fs::create_directory(left);
  fs::create_directory(reused);
  auto cgroup = Cgroup::make(kLimits, places("x " + folder_.at("top") + " cgroup2 rw 0 0\n", "0::/\n"));
  ASSERT_TRUE(cgroup.ok());
  EXPECT_FALSE(fs::exists(left));
  EXPECT_FALSE(fs::exists(reused)) << "another process had this number";
}

}  // namespace
}  // namespace rebus::cgroup_test
