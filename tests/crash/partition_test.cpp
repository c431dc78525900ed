// Agents on other hosts: links are cut and heal, and the result is that of one process that nobody disturbs.
#include <gtest/gtest.h>

#include <csignal>

#include "bus/bus.h"
#include "bus/zmq_channel.h"
#include "tests/crash/bus_of_processes.h"
#include "tests/crash/sites.h"

namespace rebus::partition_test {
namespace {

using Cut = Sites::Cut;

class PartitionTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string problem;
    sites_ = Sites::make(2, problem);
    if (!sites_) GTEST_SKIP() << "NOT TESTED: " << problem;
    bus_ = std::make_unique<BusOfProcesses>(Sites::address());
    for (size_t site = 0; site < 2; site++) {
      bus_->add_worker({"unarchive", "hasher", "file_id", "clock"}, sites_->enter(site));
    }
    ASSERT_TRUE(eventually([] { return instances() == 2 * kAgents; }));
  }

  // The first site has work when it is cut off, and goes on with it; the other does it again.
  void cut_at_work(Cut how) {
    Process& cut_off = *bus_->workers()[0].process;
    auto losses = [&] { return count(cut_off.err(), "lost the master"); };
    auto joins = [&] { return count(cut_off.err(), "joined the master"); };
    ASSERT_TRUE(eventually([&] { return joins() == losses(); }));
    const size_t before = losses();
    cut_off.signal(SIGSTOP);
    bus_->finish_injecting();
    sites_->cut(0, how);
    cut_off.signal(SIGCONT);
    auto idle = bus_->ask({"--until-idle", "return", "--short", "/nothing"});
    EXPECT_EQ(idle.exit_code, 0) << idle.err;
    EXPECT_TRUE(eventually([&] { return losses() == before + kSessions; }));
    EXPECT_EQ(joins(), before);
    sites_->heal(0, how);
    EXPECT_TRUE(eventually([&] { return joins() == before + kSessions; }));
  }

  // Of all consumers.
  static uint32_t instances() {
    ZmqConnector connector(Sites::address());
    Hello hello;
    hello.role = Role::kClient;
    hello.agent = "partition_test";
    Bus bus(*connector.connect());
    EXPECT_TRUE(bus.join(hello).ok());
    uint32_t sum = 0;
    auto status = bus.status();
    for (const ConsumerStatus& consumer : status->consumers) sum += consumer.instances;
    return sum;
  }

  static size_t count(const std::string& text, const std::string& word) {
    size_t found = 0;
    for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) found++;
    return found;
  }

  static constexpr size_t kAgents = 4;              // at each site, in one process
  static constexpr size_t kSessions = kAgents + 1;  // one is of the process itself
  std::unique_ptr<Sites> sites_;
  std::unique_ptr<BusOfProcesses> bus_;
};

TEST_F(PartitionTest, ALinkThatIsCutAtWorkAndHealsChangesNothing) {
  for (Cut how : {Cut::kBothWays, Cut::kAnswers, Cut::kQuestions}) {
    SCOPED_TRACE(static_cast<int>(how));
    cut_at_work(how);
  }
  for (int i = 0; i < 10; i++) {  // too short to be noticed
    bus_->inject_next();
    sites_->cut(0, Cut::kBothWays);
    sites_->heal(0, Cut::kBothWays);
    bus_->finish_injecting();
  }
  EXPECT_EQ(bus_->settle(), 0u);
  std::cout << bus_->expect_undisturbed_result() << " facts of " << bus_->injected()
            << " archives compared\n";
}

}  // namespace
}  // namespace rebus::partition_test
