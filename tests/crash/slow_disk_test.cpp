// The disk stalls for longer than anybody may be silent: everything waits, and nobody is taken for dead.
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "bus/dealer.h"
#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus::slow_disk_test {
namespace {

using Words = std::vector<std::string>;

constexpr int kFiles = 200;

class SlowDiskTest : public testing::Test {
 protected:
  // This commit waits 12 seconds for its sync: sessions live 6.5. (Not strace, which would delay the call
  // itself: under load its timer is lost now and then, and the call delayed for ever.)
  void start_master(const std::string& stalled) {
    const std::string program = std::string(REBUS_BIN) + "/../tests/crash_master";
    master_ = std::make_unique<Process>(Words{"env", "REBUS_STALL=commit-unsynced:" + stalled, program,
                                              "--busaddr", address_, "--storage", "rocksdb", "--path", "db"},
                                        folder_.path());
    ASSERT_TRUE(eventually([&] { return master_->err().find("listening") != std::string::npos; }));
  }
  Words on_bus(const Words& words) const {
    Words all = {"rebus_agent", "--busaddr", address_};
    all.insert(all.end(), words.begin(), words.end());
    return all;
  }

  ScratchFolder folder_;
  const std::string address_ = "ipc://" + folder_.at("bus");
  std::unique_ptr<Process> master_;
};

TEST_F(SlowDiskTest, AStallIsWaitedForAndNobodyIsBlamed) {
  start_master("5");
  std::vector<std::unique_ptr<Process>> hashers;
  for (int i = 0; i < 2; i++) {
    Words words = on_bus({"-vv", "--log-format", "json", "hasher"});
    hashers.push_back(std::make_unique<Process>(words, folder_.path()));
  }
  // One that comes later may find nothing left to do.
  ASSERT_TRUE(eventually([&] {
    auto status = run({"rebus_admin", "--busaddr", address_, "status", "-o", "json"}, folder_.path());
    return status.out.find("\"instances\":2") != std::string::npos;
  }));
  Words inject = on_bus({"inject", "--wait", "--selector", "/binary/elf"});
  for (int i = 0; i < kFiles; i++) {
    inject.push_back(folder_.at(std::to_string(i)));
    std::ofstream(inject.back()) << "file " << i;
  }
  auto injected = run(inject, folder_.path());
  EXPECT_EQ(injected.exit_code, 0) << injected.err;
  EXPECT_NE(master_->err().find("stalled at commit-unsynced"), std::string::npos) << master_->err();
  auto hashes = run(on_bus({"--until-idle", "return", "--short", "md5_hash"}), folder_.path());
  EXPECT_EQ(hashes.sorted_lines().size(), static_cast<size_t>(kFiles)) << hashes.out;
  std::string logs;
  for (auto& hasher : hashers) {
    hasher->signal(SIGTERM);
    auto ended = hasher->wait();
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    logs += ended.err;
  }
  EXPECT_NE(logs.find("\"attempt\":1"), std::string::npos) << logs;
  EXPECT_EQ(logs.find("\"attempt\":2"), std::string::npos) << "somebody was blamed: " << logs;
}

// libzmq 4.3.4 ends the process if a connection is lost that it has stopped to read, since too much waits of
// it, and a ZMTP heartbeat is due.
TEST_F(SlowDiskTest, APeerThatSaysTooMuchMeanwhileAndGoesIsNobodysEnd) {
  start_master("1");
  std::ofstream(folder_.at("file")) << "a file";
  Process inject(on_bus({"inject", folder_.at("file")}), folder_.path());
  {
    zmq::context_t context;
    auto peer = Dealer::connect(context, address_);
    ASSERT_TRUE(peer.ok());
    const std::string words(100'000, 'x');
    for (bool has_room = true; has_room;) {
      for (int tries = 0; !(has_room = peer->send(words)) && tries < 20; tries++) {
        peer->poll(-1, true, std::chrono::milliseconds(50));
      }
    }
  }
  auto injected = inject.wait();
  EXPECT_EQ(injected.exit_code, 0) << injected.err << master_->err();
  EXPECT_NE(master_->err().find("stalled at commit-unsynced"), std::string::npos) << master_->err();
  master_->signal(SIGTERM);
  EXPECT_EQ(master_->wait().exit_code, 0);
}

}  // namespace
}  // namespace rebus::slow_disk_test
