// The disk of the store gets nearly full while a bus runs on it, and has room again.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus {
namespace {

using Words = std::vector<std::string>;

class FullDiskTest : public testing::Test {
 protected:
  // A disk of 400 MiB, which only this process and its children see.
  void SetUp() override {
    const bool is_root = geteuid() == 0;
    const uid_t user = geteuid();
    bool is_alone = unshare(is_root ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) == 0;
    if (is_alone && !is_root) std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
    std::filesystem::create_directory(folder_.at("disk"));
    is_alone = is_alone && mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               mount("none", folder_.at("disk").c_str(), "tmpfs", 0, "size=400m") == 0;
    if (!is_alone) GTEST_SKIP() << "NOT TESTED: no disk of its own: " << std::strerror(errno);
    master_ = std::make_unique<Process>(
        Words{"rebus_master", "--busaddr", address_, "--storage", "rocksdb", "--path", "disk/db"},
        folder_.path());
    ASSERT_TRUE(eventually([&] { return master_->err().find("listening") != std::string::npos; }));
  }
  void TearDown() override {
    master_.reset();
    umount(folder_.at("disk").c_str());
  }

  // 200 MiB are left: too little for what is new, enough for notes.
  void fill() const {
    int fd = open(folder_.at("disk/ballast").c_str(), O_CREAT | O_WRONLY, 0600);
    EXPECT_EQ(posix_fallocate(fd, 0, 200 << 20), 0);
    close(fd);
  }
  void make_room() const { std::filesystem::remove(folder_.at("disk/ballast")); }

  Finished agent(const Words& words) const {
    Words all = {"rebus_agent", "--busaddr", address_};
    all.insert(all.end(), words.begin(), words.end());
    return run(all, folder_.path());
  }

  ScratchFolder folder_;
  const std::string address_ = "ipc://" + folder_.at("bus");
  std::unique_ptr<Process> master_;
};

TEST_F(FullDiskTest, WhatIsNewIsRefusedAndEverythingElseGoesOn) {
  std::filesystem::copy_file("/bin/ls", folder_.at("one"));
  std::filesystem::copy_file("/bin/cat", folder_.at("two"));
  EXPECT_EQ(agent({"inject", "one"}).exit_code, 0);
  fill();
  auto refused = agent({"inject", "two"});
  EXPECT_EQ(refused.exit_code, 75);
  EXPECT_NE(refused.err.find("nearly full"), std::string::npos) << refused.err;
  EXPECT_NE(agent({"ls", "/binary"}).out, "");
  EXPECT_EQ(agent({"ls", "/md5_hash"}).out, "");
  // Its result finds no room, and is made again when there is.
  Process hasher({"rebus_agent", "--busaddr", address_, "-v", "hasher"}, folder_.path());
  EXPECT_TRUE(eventually([&] { return agent({"processed_stats"}).out.find("hasher") != std::string::npos; }));
  EXPECT_TRUE(master_->is_running()) << master_->err();
  make_room();
  EXPECT_EQ(agent({"inject", "--wait", "two"}).exit_code, 0);
  auto hashes = agent({"--until-idle", "return", "--short", "md5_hash"});
  EXPECT_EQ(hashes.sorted_lines().size(), 2u) << hashes.out;
  EXPECT_EQ(agent({"ls_failed"}).out, "");
  hasher.signal(SIGTERM);
  EXPECT_EQ(hasher.wait().exit_code, 0);
  master_->signal(SIGTERM);
  EXPECT_EQ(master_->wait().exit_code, 0);
}

}  // namespace
}  // namespace rebus
