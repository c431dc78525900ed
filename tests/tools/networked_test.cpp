// The main job by separate processes around a master, over ipc and tcp.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <set>

#include "tests/support/elf_archive.h"
#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus::networked_test {
namespace {

using Lines = std::vector<std::string>;
using Words = std::vector<std::string>;

class NetworkedTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    address_ = std::string(GetParam()) == "ipc" ? "ipc://" + folder_.at("bus") : free_tcp_address();
    pack_files(folder_.at("apt1.tgz"), elf_files(200 / REBUS_SCALE, 12 << 20));
    expected_ = md5_lines(folder_.at("apt1.tgz"), "apt1.tgz");
    start_master();
  }

  // A port that was free a moment ago.
  static std::string free_tcp_address();

  void start_master() {
    master_ = std::make_unique<Process>(Words{"rebus_master", "--busaddr", address_, "--insecure-tcp",
                                              "--storage", "rocksdb", "--path", "db"},
                                        folder_.path());
    ASSERT_TRUE(eventually([&] { return master_->err().find("listening") != std::string::npos; }))
        << master_->err();
  }
  void stop_master(int signal) {
    master_->signal(signal);
    auto done = master_->wait();
    if (signal == SIGTERM) {
      EXPECT_EQ(done.exit_code, 0) << done.err;
    }
  }

  Words agent(Words words) const {
    Words all = {"rebus_agent", "--busaddr", address_, "--insecure-tcp"};
    all.insert(all.end(), words.begin(), words.end());
    return all;
  }
  std::unique_ptr<Process> start(const Words& words) const {
    return std::make_unique<Process>(agent(words), folder_.path());
  }
  Finished ask(const Words& words) const { return run(agent(words), folder_.path()); }
  bool has_all(const Process& printer) const { return printer.line_count() >= std::ssize(expected_); }
  // All that is printed once the bus is idle.
  Finished printed() const { return ask({"--until-idle", "return", "--short", "md5_hash"}); }

  ScratchFolder folder_;
  std::string address_;
  Lines expected_;
  std::unique_ptr<Process> master_;
};

std::string NetworkedTest::free_tcp_address() {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(fd);
  return "tcp://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

TEST_P(NetworkedTest, EachAgentItsOwnProcessGivesTheSameLines) {
  auto hasher = start({"hasher"});
  auto unarchive = start({"unarchive"});
  auto printer = start({"return", "--short", "md5_hash"});
  auto injected = ask({"inject", "--wait", "apt1.tgz"});
  EXPECT_EQ(injected.exit_code, 0) << injected.err;
  EXPECT_EQ(printed().sorted_lines(), expected_);
  EXPECT_TRUE(eventually([&] { return printer->line_count() >= std::ssize(expected_); }));
  for (auto* process : {hasher.get(), unarchive.get(), printer.get()}) {
    process->signal(SIGTERM);
    auto done = process->wait();
    EXPECT_EQ(done.exit_code, 0) << done.err;
  }
  stop_master(SIGTERM);
}

TEST_P(NetworkedTest, AnAgentThatComesLaterProcessesWhatIsStored) {
  auto injected = ask({"inject", "apt1.tgz"});
  EXPECT_EQ(injected.exit_code, 0) << injected.err;
  auto done = ask({"--until-idle", "unarchive", "hasher", "return", "--short", "md5_hash"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(done.sorted_lines(), expected_);
}

TEST_P(NetworkedTest, ARestartOfTheMasterIsAPause) {
  auto worker = start({"unarchive", "hasher"});
  auto printer = start({"return", "--short", "md5_hash"});
  auto injected = ask({"inject", "apt1.tgz"});
  EXPECT_EQ(injected.exit_code, 0) << injected.err;
  stop_master(SIGKILL);
  start_master();
  EXPECT_TRUE(eventually([&] { return has_all(*printer); })) << printer->err();
  stop_master(SIGTERM);
  start_master();
  EXPECT_EQ(printed().sorted_lines(), expected_);
  EXPECT_TRUE(worker->is_running()) << worker->err();
  EXPECT_NE(ask({"tree"}).out.find("apt1.tgz"), std::string::npos);
  EXPECT_NE(ask({"ls", "/compressed"}).out, "");
  EXPECT_NE(ask({"cat", "/md5_hash"}).out, "");
  printer->signal(SIGTERM);
  EXPECT_EQ(printer->wait().sorted_lines(), expected_);
}

TEST_P(NetworkedTest, AnAgentKilledAtWorkIsReplacedWithoutLoss) {
  auto victim = start({"unarchive", "hasher"});
  auto injected = ask({"inject", "apt1.tgz"});
  auto printer = start({"return", "--short", "md5_hash"});
  eventually([&] { return !printer->out().empty(); });
  victim->signal(SIGKILL);
  victim->wait();
  auto replacement = start({"unarchive", "hasher"});
  EXPECT_TRUE(eventually([&] { return printer->line_count() >= std::ssize(expected_); }));
  EXPECT_EQ(printed().sorted_lines(), expected_);
}

// "hasher was offered 100: took 100, …" of each instance.
std::vector<int> taken_by_hashers(const std::string& log) {
  std::vector<int> taken;
  const std::string kMark = "hasher was offered ";
  for (size_t at = log.find(kMark); at != std::string::npos; at = log.find(kMark, at + 1)) {
    taken.push_back(std::stoi(log.substr(log.find("took ", at) + 5)));
  }
  return taken;
}

TEST_P(NetworkedTest, TwoInstancesShareTheWork) {
  auto injected = ask({"inject", "apt1.tgz"});
  auto done =
      ask({"-v", "--until-idle", "unarchive", "hasher", "--jobs", "2", "return", "--short", "md5_hash"});
  EXPECT_EQ(done.sorted_lines(), expected_);
  auto taken = taken_by_hashers(done.err);
  ASSERT_EQ(taken.size(), 2u) << done.err;
  std::set<std::string> objects;  // several names may stand for one
  for (const auto& line : expected_) objects.insert(line.substr(line.size() - 32));
  EXPECT_EQ(taken[0] + taken[1], std::ssize(objects));
  EXPECT_GE(std::min(taken[0], taken[1]), std::ssize(objects) / 5);
}

INSTANTIATE_TEST_SUITE_P(Transports, NetworkedTest, testing::Values("ipc", "tcp"));

TEST(NetworkedMistakesTest, TcpNeedsToBeAskedFor) {
  auto done = run({"rebus_agent", "--busaddr", "tcp://127.0.0.1:1", "ls"});
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_NE(done.err.find("--insecure-tcp"), std::string::npos) << done.err;
}

TEST(NetworkedMistakesTest, ABadAddressIsUsage) {
  auto done = run({"rebus_agent", "--busaddr", "carrier-pigeon", "ls"});
  EXPECT_EQ(done.exit_code, 2) << done.err;
}

}  // namespace
}  // namespace rebus::networked_test
