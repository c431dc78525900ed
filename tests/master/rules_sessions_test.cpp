// Who may join, and what is told of whom.
#include <gtest/gtest.h>

#include "tests/support/bare_master.h"

namespace rebus::rules_sessions_test {
namespace {

TEST(Status, of_many_consumers_comes_in_pages) {
  BareMaster master;
  constexpr size_t kMany = 300;
  for (size_t i = 0; i < kMany; i++) {
    Hello hello = consumer_hello("hasher", "/");
    hello.config = std::to_string(i) + std::string(4000, 'c');
    master.join(hello);
  }
  PeerId client = master.join(Role::kClient, "ls");
  size_t count = 0, pages = 0;
  for (ConsumerId after = 0; pages == 0 || after != 0; pages++) {
    auto status = std::get<Status>(master.ask(client, GetStatus{after}));
    count += status.consumers.size();
    after = status.cursor;
  }
  EXPECT_EQ(count, kMany);
  EXPECT_GT(pages, 1u);
}

TEST(Sessions, that_end_a_thousand_times_leave_nothing_behind) {
  BareMaster master;
  submit(master, "a");
  for (int life = 0; life < 1000; life++) {
    PeerId agent = join_objects_consumer(master, "hasher");
    for (const Task& task : master.tasks(agent)) master.tell(agent, Started{task.record.seq});
    master.leave(agent);
    master.pass(std::chrono::seconds(20));
  }
  EXPECT_EQ(master.storage().consumers()->size(), 1u);
  EXPECT_TRUE(master.storage().running()->empty());
  EXPECT_EQ(master.storage().failures(1, 0, 10)->size(), 1u) << "quarantined";
  EXPECT_TRUE(master.storage().attempts(1)->empty());
  auto status = std::get<Status>(master.ask(master.join(Role::kClient, "ls"), GetStatus{}));
  ASSERT_EQ(status.consumers.size(), 1u);
  EXPECT_EQ(status.consumers[0].instances, 0u);
}

TEST(Peer, that_is_unknown_is_told_so) {
  BareMaster master;
  EXPECT_TRUE(std::holds_alternative<Lost>(master.ask(77, Heartbeat{})));
}

TEST(Hello, that_tells_a_tale_of_its_sandbox_is_refused) {
  BareMaster master;
  for (const auto& layers : {std::vector<std::string>(17, "a"), std::vector{std::string(101, 'a')}}) {
    Hello hello = consumer_hello("hasher", "/");
    hello.sandbox = layers;
    EXPECT_EQ(refusal(master.ask(1, hello)), Code::kInvalid);
  }
}

TEST(Hello, of_another_protocol_is_refused_with_both_numbers) {
  BareMaster master;
  Hello hello;
  hello.agent = "old";
  hello.protocol = 7;
  Body answer = master.ask(1, hello);
  EXPECT_EQ(refusal(answer), Code::kProtocol);
  EXPECT_NE(std::get<Failure>(answer).message.find("7"), std::string::npos);
}

}  // namespace
}  // namespace rebus::rules_sessions_test
