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

namespace rebus::full_disk_test {
namespace {

using Words = std::vector<std::string>;

class FullDiskTest : public testing::Test {
 protected:
  // A disk of 700 MiB, which only this process and its children see.
  void SetUp() override {
    const bool is_root = geteuid() == 0;
    const uid_t user = geteuid();
    bool is_alone = unshare(is_root ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) == 0;
    if (is_alone && !is_root) std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
    std::filesystem::create_directory(folder_.at("disk"));
    is_alone = is_alone && mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               mount("none", folder_.at("disk").c_str(), "tmpfs", 0, "size=700m") == 0;
    if (!is_alone) GTEST_SKIP() << "NOT TESTED: no disk of its own: " << std::strerror(errno);
    start_master();
  }
  void start_master() {
    master_ = std::make_unique<Process>(
        Words{"rebus_master", "--busaddr", address_, "--storage", "rocksdb", "--path", "disk/db"},
        folder_.path());
    ASSERT_TRUE(eventually([&] { return master_->err().find("listening") != std::string::npos; }));
  }
  void TearDown() override {
    master_.reset();
    umount(folder_.at("disk").c_str());
  }

  // Leaves so much.
  void fill(uint64_t left) const {
    uint64_t free = std::filesystem::space(folder_.at("disk")).available;
    ASSERT_GT(free, left);
    int fd = open(folder_.at("disk/of_others").c_str(), O_CREAT | O_WRONLY, 0600);
    uint64_t has = std::filesystem::file_size(folder_.at("disk/of_others"));
    EXPECT_EQ(posix_fallocate(fd, 0, static_cast<off_t>(has + free - left)), 0);
    close(fd);
  }
  void make_room() const { std::filesystem::remove(folder_.at("disk/of_others")); }
  bool has_ballast() const { return std::filesystem::exists(folder_.at("disk/db/ballast")); }

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
  fill(200 << 20);  // too little for what is new, enough for notes
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

TEST_F(FullDiskTest, BallastIsGivenAwayAndPutByAgain) {
  std::filesystem::copy_file("/bin/ls", folder_.at("one"));
  EXPECT_EQ(agent({"inject", "one"}).exit_code, 0);
  ASSERT_TRUE(has_ballast());
  fill(20 << 20);
  Process hasher({"rebus_agent", "--busaddr", address_, "hasher"},
                 folder_.path());  // that it is here is noted
  EXPECT_TRUE(eventually([&] { return !has_ballast(); }));
  hasher.signal(SIGTERM);
  EXPECT_EQ(hasher.wait().exit_code, 0);
  EXPECT_TRUE(master_->is_running()) << master_->err();
  master_->signal(SIGKILL);
  master_->wait();
  start_master();
  EXPECT_EQ(agent({"inject", "one"}).exit_code, 75);
  EXPECT_NE(agent({"ls", "/binary"}).out, "");
  make_room();
  std::filesystem::copy_file("/bin/cat", folder_.at("two"));
  EXPECT_EQ(agent({"inject", "two"}).exit_code, 0);
  EXPECT_TRUE(has_ballast());
}

TEST_F(FullDiskTest, MasterStopsWithAReasonWhenTheBallastIsUsedUpAndStartsWhenThereIsRoom) {
  std::filesystem::copy_file("/bin/ls", folder_.at("one"));
  EXPECT_EQ(agent({"inject", "one"}).exit_code, 0);
  master_->signal(SIGTERM);
  EXPECT_EQ(master_->wait().exit_code, 0);
  std::filesystem::remove(folder_.at("disk/db/ballast"));
  fill(1 << 20);
  auto refused = run({"rebus_master", "--busaddr", address_, "--storage", "rocksdb", "--path", "disk/db"},
                     folder_.path());
  EXPECT_EQ(refused.exit_code, 75);
  EXPECT_NE(refused.err.find("nearly full"), std::string::npos) << refused.err;
  make_room();
  start_master();
  EXPECT_NE(agent({"ls", "/binary"}).out, "");
}

}  // namespace
}  // namespace rebus::full_disk_test
