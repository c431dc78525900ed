// Who is given which work, and how tasks end.
#include <gtest/gtest.h>

#include <set>

#include "tests/support/bare_master.h"

namespace rebus::rules_work_test {
namespace {

TEST(Lanes, urgent_work_goes_first_and_submissions_take_turns) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject");
  auto fill = [&](const std::string& name, Lane lane, int count) {
    SubmissionId submission = master.open(inject, name, lane);
    for (int i = 0; i < count; i++) master.inject(inject, submission, name + std::to_string(i));
    master.close(inject, submission);
  };
  fill("night", Lane::kBulk, 100);
  fill("other", Lane::kBulk, 2);
  fill("urgent", Lane::kUrgent, 2);
  PeerId hasher = join_objects_consumer(master, "hasher");
  auto order = handle_all(master, hasher);
  ASSERT_EQ(order.size(), 104u);
  EXPECT_EQ(order[0], "urgent0");
  EXPECT_EQ(order[1], "urgent1");
  std::set<std::string> next(order.begin() + 2, order.begin() + 6);
  EXPECT_EQ(next, (std::set<std::string>{"night0", "night1", "other0", "other1"}));
}

TEST(Consumer, that_joins_late_gets_all_that_is_stored) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject");
  SubmissionId submission = master.open(inject, "s");
  for (int i = 0; i < 50; i++) master.inject(inject, submission, std::to_string(i));
  EXPECT_EQ(handle_all(master, join_objects_consumer(master, "late")).size(), 50u);
}

TEST(Consumer, is_not_given_again_what_it_handled_before_a_restart) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject");
  SubmissionId submission = master.open(inject, "s");
  for (int i = 0; i < 50; i++) master.inject(inject, submission, std::to_string(i));
  PeerId hasher = join_objects_consumer(master, "hasher");
  for (int i = 0; i < 20; i++) {
    Task task = master.tasks(hasher).front();
    master.tell(hasher, Finish{task.record.seq, Outcome::kDone, {}, {}});
  }
  master.restart();
  EXPECT_EQ(handle_all(master, join_objects_consumer(master, "hasher")).size(), 30u);
}

TEST(Consumer, with_other_options_is_another_one) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject");
  master.inject(inject, master.open(inject, "s"), "a");
  EXPECT_EQ(handle_all(master, join_objects_consumer(master, "hasher")).size(), 1u);
  Hello hello;
  hello.role = Role::kConsumer;
  hello.agent = "hasher";
  hello.config = R"({"algorithms":["sha1"]})";
  hello.objects_only = true;
  EXPECT_EQ(handle_all(master, master.join(hello)).size(), 1u);
}

TEST(Consumer, of_another_domain_is_another_one) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject");
  PeerId lab = master.join(consumer_hello("hasher", "/", "lab"));
  master.inject(inject, master.open(inject, "s"), "a");
  EXPECT_EQ(handle_all(master, lab), std::vector<std::string>());
  master.leave(lab);
  PeerId all = master.join(consumer_hello("hasher", "/"));
  EXPECT_EQ(handle_all(master, all), std::vector<std::string>{"a"});
}

TEST(Consumer, is_not_joined_by_one_that_takes_other_things) {
  BareMaster master;
  master.join(consumer_hello("hasher", "/binary"));
  EXPECT_THROW(master.join(consumer_hello("hasher", "/text")), std::runtime_error);
  EXPECT_NO_THROW(master.join(consumer_hello("hasher", "/binary")));
}

TEST(Consumer, that_comes_back_and_takes_more_is_given_what_it_passed_by_and_no_more) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject");
  SubmissionId submission = master.open(inject, "s");
  master.inject(inject, submission, "a");
  master.push(inject, make_object(Domain(), "/text/ascii", "t", Value::of("t"), "inject"), submission,
              OriginClaim{{}, "t", 1});
  PeerId narrow = master.join(consumer_hello("hasher", "/binary"));
  EXPECT_EQ(handle_all(master, narrow), std::vector<std::string>{"a"});
  master.leave(narrow);
  PeerId wide = master.join(consumer_hello("hasher", "/"));
  EXPECT_EQ(handle_all(master, wide), std::vector<std::string>{"t"});
}

TEST(Consumer, is_given_only_what_its_regex_matches) {
  BareMaster master;
  Hello hello = consumer_hello("hasher", "/");
  hello.selector_regex = "^/nothing";
  PeerId choosy = master.join(hello);
  submit(master, "a");
  EXPECT_EQ(handle_all(master, choosy), std::vector<std::string>());
  uint64_t idle = master.start_asking(master.join(Role::kClient, "ls"), WaitIdle{});
  EXPECT_TRUE(master.has_answer(idle));
}

TEST(Consumer, with_a_thousand_instances_handles_each_once) {
  constexpr int kAgents = 1000 / REBUS_SCALE;
  BareMaster master;
  std::vector<PeerId> agents;
  for (int i = 0; i < kAgents; i++) agents.push_back(join_objects_consumer(master, "hasher", 4));
  PeerId inject = master.join(Role::kProducer, "inject");
  SubmissionId submission = master.open(inject, "s");
  for (int i = 0; i < 2 * kAgents; i++) master.inject(inject, submission, "file" + std::to_string(i));
  master.close(inject, submission);
  std::multiset<std::string> handled;
  for (PeerId agent : agents) {
    for (const std::string& label : handle_all(master, agent)) handled.insert(label);
  }
  EXPECT_EQ(handled.size(), 2u * kAgents);
  EXPECT_EQ(std::set<std::string>(handled.begin(), handled.end()).size(), 2u * kAgents);
}

TEST(Claim, of_a_lost_session_is_handed_out_again) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject");
  master.inject(inject, master.open(inject, "s"), "a");
  PeerId first = join_objects_consumer(master, "hasher");
  PeerId second = join_objects_consumer(master, "hasher");
  ASSERT_EQ(master.tasks(first).size() + master.tasks(second).size(), 1u);
  master.leave(first);
  master.leave(second);
  EXPECT_EQ(master.tasks(join_objects_consumer(master, "hasher")).size(), 1u);
}

TEST(Claim, no_longer_held_makes_a_finish_void) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject");
  Descriptor d = master.inject(inject, master.open(inject, "s"), "a");
  PeerId slow = join_objects_consumer(master, "clock");
  Task task = master.tasks(slow).front();
  PeerId other = join_objects_consumer(master, "clock");
  auto finish = [&](const std::string& text) {
    Finish message{task.record.seq, Outcome::kDone, {}, {}};
    message.children.emplace_back();
    message.children[0].descriptor = make_child(d, "clock", "/clock", Value::of(text));
    return message;
  };
  master.tell(other, finish("of one that holds nothing"));
  EXPECT_TRUE(master.storage().find_prefix({}, "/clock", 0, 10)->seqs.empty());
  master.tell(slow, finish("first"));
  master.tell(slow, finish("second"));
  EXPECT_EQ(master.storage().find_prefix({}, "/clock", 0, 10)->seqs.size(), 1u);
}

TEST(Finish, with_a_wrong_child_stores_none_and_is_a_failure) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject");
  Descriptor d = master.inject(inject, master.open(inject, "s"), "a");
  PeerId agent = join_objects_consumer(master, "agent");
  Task task = master.tasks(agent).front();
  Finish finish{task.record.seq, Outcome::kDone, {}, {}};
  finish.children.resize(2);
  finish.children[0].descriptor = make_child(d, "agent", "/good", Value::of("x"));
  finish.children[1].descriptor = make_child(d, "somebody-else", "/bad", Value::of("x"));
  master.tell(agent, finish);
  EXPECT_TRUE(master.storage().find_prefix({}, "/good", 0, 10)->seqs.empty());
  auto marks = master.storage().marks(task.record.seq);
  ASSERT_EQ(marks->size(), 1u);
  EXPECT_EQ(marks->front().outcome, Outcome::kFailed);
}

}  // namespace
}  // namespace rebus::rules_work_test
