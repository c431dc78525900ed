// Who may join, and what is told of whom.
#include <gtest/gtest.h>

#include "tests/support/bare_master.h"

namespace rebus {
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

TEST(Peer, that_is_unknown_is_told_so) {
  BareMaster master;
  EXPECT_TRUE(std::holds_alternative<Lost>(master.ask(77, Heartbeat{})));
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
}  // namespace rebus
