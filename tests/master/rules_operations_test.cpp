// Pausing and cancelling.
#include <gtest/gtest.h>

#include <set>

#include "tests/support/bare_master.h"

namespace rebus::rules_operations_test {
namespace {

// `count` files, not closed.
SubmissionId begin(BareMaster& master, PeerId inject, const std::string& name, int count) {
  SubmissionId submission = master.open(inject, name);
  for (int i = 0; i < count; i++) master.inject(inject, submission, name + std::to_string(i));
  return submission;
}

SubmissionStatus status_of(BareMaster& master, PeerId client, SubmissionId submission) {
  return std::get<SubmissionStatus>(master.ask(client, GetSubmission{submission}));
}

bool is_idle(BareMaster& master, PeerId client) {
  return std::get<Status>(master.ask(client, GetStatus{})).idle;
}

// --- pausing ---

TEST(Pause, hands_out_nothing_more_until_resumed_also_after_a_restart) {
  BareMaster master;
  PeerId client = master.join(Role::kClient, "admin");
  submit(master, "a");
  PeerId hasher = join_objects_consumer(master, "hasher");
  ASSERT_EQ(handle_all(master, hasher).size(), 1u);
  auto paused = std::get<Paused>(master.ask(client, Pause{"hasher", true}));
  EXPECT_EQ(paused.consumers, 1u);
  submit(master, "b");
  EXPECT_TRUE(master.tasks(hasher).empty());
  master.restart();
  client = master.join(Role::kClient, "admin");
  hasher = join_objects_consumer(master, "hasher");
  EXPECT_TRUE(master.tasks(hasher).empty());
  EXPECT_TRUE(std::get<Status>(master.ask(client, GetStatus{})).consumers[0].consumer.paused);
  master.ask(client, Pause{"hasher", false});
  EXPECT_EQ(handle_all(master, hasher), std::vector<std::string>{"b"});
}

TEST(Pause, of_an_agent_that_nobody_knows_is_refused) {
  BareMaster master;
  EXPECT_EQ(refusal(master.ask(master.join(Role::kClient, "admin"), Pause{"hasher", true})), Code::kNotFound);
}

TEST(Pause, keeps_what_waits_waiting_and_says_so) {
  BareMaster master;
  PeerId client = master.join(Role::kClient, "admin");
  PeerId hasher = join_objects_consumer(master, "hasher");
  master.ask(client, Pause{"hasher", true});
  SubmissionId submission = submit(master, "a");
  EXPECT_FALSE(is_idle(master, client));
  EXPECT_EQ(status_of(master, client, submission).paused, std::vector<std::string>{"hasher"});
  uint64_t waiting = master.start_asking(client, GetSubmission{submission, true});
  EXPECT_FALSE(master.has_answer(waiting));
  auto told = master.unasked(client);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(std::get<Held>(told[0]).agents, std::vector<std::string>{"hasher"});
  submit(master, "b");
  EXPECT_TRUE(master.unasked(client).empty());  // once is enough
  master.ask(client, Pause{"hasher", false});
  handle_all(master, hasher);
  EXPECT_TRUE(master.has_answer(waiting));
}

TEST(Pause, during_a_wait_is_told_when_there_is_work_left) {
  BareMaster master;
  PeerId client = master.join(Role::kClient, "admin");
  PeerId inject = master.join(Role::kProducer, "inject");
  join_objects_consumer(master, "hasher");
  master.start_asking(client, WaitIdle{});
  master.ask(client, Pause{"hasher", true});
  EXPECT_TRUE(master.unasked(client).empty());
  begin(master, inject, "a", 1);
  EXPECT_EQ(master.unasked(client).size(), 1u);
}

// --- cancelling ---

TEST(Cancel, drops_what_is_queued_for_everybody_also_for_those_who_come_later) {
  BareMaster master;
  PeerId client = master.join(Role::kClient, "admin");
  PeerId inject = master.join(Role::kProducer, "inject");
  PeerId hasher = join_objects_consumer(master, "hasher", 1);
  SubmissionId submission = begin(master, inject, "a", 50);
  auto tasks = master.tasks(hasher);
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(std::get<Cancelled>(master.ask(client, Cancel{submission})).at_work, 1u);
  master.tell(hasher, Finish{tasks[0].record.seq, Outcome::kDone, {}, {}});
  EXPECT_TRUE(master.tasks(hasher).empty());
  EXPECT_TRUE(handle_all(master, join_objects_consumer(master, "late")).empty());
  master.leave(inject);
  EXPECT_TRUE(is_idle(master, client));
  master.restart();
  EXPECT_TRUE(handle_all(master, join_objects_consumer(master, "hasher")).empty());
  EXPECT_TRUE(handle_all(master, join_objects_consumer(master, "later")).empty());
  client = master.join(Role::kClient, "admin");
  EXPECT_TRUE(status_of(master, client, submission).submission.cancelled);
}

TEST(Cancel, answers_who_waits_at_once) {
  BareMaster master;
  PeerId client = master.join(Role::kClient, "admin");
  PeerId inject = master.join(Role::kProducer, "inject");
  join_objects_consumer(master, "hasher", 1);
  SubmissionId submission = begin(master, inject, "a", 5);
  uint64_t waiting = master.start_asking(client, GetSubmission{submission, true});
  EXPECT_FALSE(master.has_answer(waiting));
  master.ask(client, Cancel{submission});
  EXPECT_TRUE(master.has_answer(waiting));
  EXPECT_TRUE(status_of(master, client, submission).complete);
}

TEST(Cancel, tells_who_is_at_work_and_stores_nothing_of_it) {
  BareMaster master;
  PeerId client = master.join(Role::kClient, "admin");
  PeerId inject = master.join(Role::kProducer, "inject");
  PeerId hasher = join_objects_consumer(master, "hasher", 1);
  SubmissionId submission = begin(master, inject, "a", 1);
  Task task = master.tasks(hasher).front();
  master.tell(hasher, Started{task.record.seq});
  master.ask(client, Cancel{submission});
  auto told = master.unasked(hasher);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(std::get<Withdrawn>(told[0]).seq, task.record.seq);
  Descriptor child = make_child(task.record.descriptor, "hasher", "/md5_hash", Value::of("x"));
  EXPECT_EQ(refusal(master.push(hasher, child)), Code::kFailed);
  Finish finish{task.record.seq, Outcome::kDone, {}, {}};
  finish.children.push_back({child, {}, 0});
  Seq head = master.storage().statistics().head;
  master.tell(hasher, finish);
  EXPECT_EQ(master.storage().statistics().head, head);
  EXPECT_TRUE(master.storage().marks(task.record.seq)->empty());
  submit(master, "b");  // its credit is back
  EXPECT_EQ(handle_all(master, hasher), std::vector<std::string>{"b"});
}

TEST(Cancel, blames_nobody_who_ends_at_work_on_it) {
  BareMaster master;
  PeerId client = master.join(Role::kClient, "admin");
  PeerId inject = master.join(Role::kProducer, "inject");
  PeerId hasher = join_objects_consumer(master, "hasher", 1);
  SubmissionId submission = begin(master, inject, "a", 1);
  Task task = master.tasks(hasher).front();
  master.tell(hasher, Started{task.record.seq});
  master.ask(client, Cancel{submission});
  master.leave(hasher);
  EXPECT_TRUE(master.storage().attempts(1)->empty());
  EXPECT_TRUE(handle_all(master, join_objects_consumer(master, "hasher")).empty());
}

TEST(Cancel, refuses_further_pushes_and_survives_the_producers_return) {
  BareMaster master;
  PeerId client = master.join(Role::kClient, "admin");
  PeerId inject = master.join(Role::kProducer, "inject");
  SubmissionId submission = begin(master, inject, "a", 1);
  master.ask(client, Cancel{submission});
  auto push = [&](PeerId peer) {
    Descriptor d = make_object(Domain(), "/binary/elf", "late", Value::of("late"), "inject");
    return refusal(master.push(peer, d, submission, OriginClaim{{}, "late", 0}));
  };
  EXPECT_EQ(push(inject), Code::kFailed);
  Hello again;
  again.role = Role::kProducer;
  again.agent = "inject";
  again.submission = submission;
  PeerId back = master.join(again);
  EXPECT_EQ(push(back), Code::kFailed);
  EXPECT_FALSE(status_of(master, client, submission).submission.open);
}

TEST(Cancel, keeps_what_another_submission_brought_too) {
  BareMaster master;
  PeerId client = master.join(Role::kClient, "admin");
  PeerId inject = master.join(Role::kProducer, "inject");
  SubmissionId first = begin(master, inject, "a", 5);
  SubmissionId second = master.open(inject, "second");
  master.inject(inject, second, "a3");
  master.close(inject, second);
  master.close(inject, first);
  PeerId hasher = join_objects_consumer(master, "hasher", 1);
  ASSERT_EQ(master.tasks(hasher).front().record.descriptor.label, "a0");
  uint64_t waiting = master.start_asking(client, GetSubmission{second, true});
  master.ask(client, Cancel{first});
  EXPECT_FALSE(master.has_answer(waiting));
  EXPECT_EQ(std::get<Withdrawn>(master.unasked(hasher).front()).seq, 2u);
  master.tell(hasher, Finish{2, Outcome::kDone, {}, {}});
  EXPECT_EQ(handle_all(master, hasher), std::vector<std::string>{"a3"});
  EXPECT_TRUE(master.has_answer(waiting));
  master.restart();
  EXPECT_TRUE(handle_all(master, join_objects_consumer(master, "hasher")).empty());
  EXPECT_EQ(handle_all(master, join_objects_consumer(master, "late")), std::vector<std::string>{"a3"});
}

TEST(Cancel, leaves_what_is_injected_again_to_be_handled) {
  BareMaster master;
  PeerId client = master.join(Role::kClient, "admin");
  PeerId inject = master.join(Role::kProducer, "inject");
  SubmissionId first = begin(master, inject, "a", 5);
  PeerId hasher = join_objects_consumer(master, "hasher", 1);
  Task held = master.tasks(hasher).front();  // a0
  master.ask(client, Cancel{first});
  SubmissionId second = master.open(inject, "second");
  master.inject(inject, second, "a0");  // which somebody still has in his hands
  master.inject(inject, second, "a4");
  master.close(inject, second);
  EXPECT_TRUE(master.tasks(hasher).empty());
  master.tell(hasher, Finish{held.record.seq, Outcome::kDone, {}, {}});
  auto handled = handle_all(master, hasher);
  EXPECT_EQ(std::set<std::string>(handled.begin(), handled.end()), (std::set<std::string>{"a0", "a4"}));
  EXPECT_EQ(handled.size(), 2u);
  EXPECT_TRUE(status_of(master, client, second).complete);
}

TEST(Cancel, and_an_injection_again_before_a_restart_loses_nothing) {
  BareMaster master;
  PeerId client = master.join(Role::kClient, "admin");
  PeerId inject = master.join(Role::kProducer, "inject");
  PeerId hasher = join_objects_consumer(master, "hasher", 1);
  SubmissionId first = begin(master, inject, "a", 5);
  master.ask(client, Cancel{first});
  master.tell(hasher, Finish{master.tasks(hasher).front().record.seq, Outcome::kDone, {}, {}});
  submit(master, "b");
  EXPECT_EQ(handle_all(master, hasher).size(), 1u);  // the watermark is behind all of that
  master.leave(hasher);
  SubmissionId second = master.open(inject, "second");
  master.inject(inject, second, "a4");
  master.close(inject, second);
  master.restart();
  EXPECT_EQ(handle_all(master, join_objects_consumer(master, "hasher")), std::vector<std::string>{"a4"});
}

TEST(Cancel, of_what_is_at_work_and_injected_again_is_not_lost_with_the_master) {
  BareMaster master;
  PeerId client = master.join(Role::kClient, "admin");
  PeerId inject = master.join(Role::kProducer, "inject");
  PeerId hasher = join_objects_consumer(master, "hasher", 1);
  SubmissionId first = begin(master, inject, "a", 1);
  ASSERT_EQ(master.tasks(hasher).size(), 1u);
  master.ask(client, Cancel{first});
  SubmissionId second = master.open(inject, "second");
  master.inject(inject, second, "a0");
  master.close(inject, second);
  EXPECT_FALSE(status_of(master, client, second).complete);
  submit(master, "b");
  master.restart();
  auto handled = handle_all(master, join_objects_consumer(master, "hasher"));
  EXPECT_EQ(std::set<std::string>(handled.begin(), handled.end()), (std::set<std::string>{"a0", "b"}));
}

TEST(Cancel, of_what_everybody_is_through_with_is_refused) {
  BareMaster master;
  PeerId client = master.join(Role::kClient, "admin");
  PeerId hasher = join_objects_consumer(master, "hasher");
  SubmissionId submission = submit(master, "a");
  handle_all(master, hasher);
  EXPECT_EQ(refusal(master.ask(client, Cancel{submission})), Code::kConflict);
  master.tell(hasher, Goodbye{});
  EXPECT_EQ(refusal(master.ask(client, Cancel{submission})), Code::kConflict);
  SubmissionId later = submit(master, "b");  // nobody is here, but one was
  EXPECT_TRUE(std::holds_alternative<Cancelled>(master.ask(client, Cancel{later})));
}

TEST(Cancel, of_nothing_is_refused_and_twice_is_once) {
  BareMaster master;
  PeerId client = master.join(Role::kClient, "admin");
  EXPECT_EQ(refusal(master.ask(client, Cancel{7})), Code::kNotFound);
  SubmissionId submission = submit(master, "a");
  EXPECT_TRUE(std::holds_alternative<Cancelled>(master.ask(client, Cancel{submission})));
  EXPECT_TRUE(std::holds_alternative<Cancelled>(master.ask(client, Cancel{submission})));
}

}  // namespace
}  // namespace rebus::rules_operations_test
