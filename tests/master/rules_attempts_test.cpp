// Instances that end or get stuck at work: whose fault it was, when to try again, and when not.
#include <gtest/gtest.h>

#include "tests/support/bare_master.h"

namespace rebus::rules_attempts_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A consumer that begins its first task and ends without a word.
void die_at_work(BareMaster& master) {
  PeerId hasher = join_objects_consumer(master, "hasher");
  auto tasks = master.tasks(hasher);
  ASSERT_FALSE(tasks.empty());
  master.tell(hasher, Started{tasks.front().record.seq});
  master.leave(hasher);
}

std::vector<FailedTask> failures(BareMaster& master, const std::string& agent = "") {
  return std::get<FailedTasks>(master.ask(master.join(Role::kClient, "ls"), ListFailures{agent})).tasks;
}

uint64_t retry(BareMaster& master, Retry call) {
  return std::get<Retried>(master.ask(master.join(Role::kClient, "admin"), std::move(call))).count;
}

SubmissionStatus status_of(BareMaster& master, SubmissionId id) {
  return std::get<SubmissionStatus>(master.ask(master.join(Role::kClient, "tree"), GetSubmission{id, false}));
}

TEST(Blame, comes_with_a_delay_that_grows_and_ends_in_quarantine) {
  BareMaster master;
  submit(master, "a");
  PeerId first = join_objects_consumer(master, "hasher");
  Seq seq = master.tasks(first).front().record.seq;
  master.tell(first, Started{seq});
  master.leave(first);
  PeerId second = join_objects_consumer(master, "hasher");
  EXPECT_EQ(master.tasks(second).size(), 1u) << "a queue that is loaded anew knows of no delay";
  master.tell(second, Started{seq});
  PeerId third = join_objects_consumer(master, "hasher");
  master.leave(second);
  EXPECT_TRUE(master.tasks(third).empty());
  master.pass(milliseconds(3900));
  EXPECT_TRUE(master.tasks(third).empty());
  master.pass(milliseconds(200));
  auto again = master.tasks(third);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again.front().tries, 2u);
  EXPECT_TRUE(failures(master).empty());
  master.tell(third, Started{seq});
  PeerId fourth = join_objects_consumer(master, "hasher");
  master.leave(third);
  master.pass(seconds(20));
  EXPECT_TRUE(master.tasks(fourth).empty());
  auto failed = failures(master, "hasher");
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed.front().mark.outcome, Outcome::kQuarantined);
  EXPECT_EQ(failed.front().seq, seq);
  EXPECT_TRUE(failed.front().mark.message.starts_with("3 instances ended at work on it"))
      << failed.front().mark.message;
  PeerId client = master.join(Role::kClient, "ls_failed");
  for (const Body& question :
       {Body(ListFailures{"other"}), Body(ListPending{"other"}), Body(Retry{"other"})}) {
    EXPECT_EQ(refusal(master.ask(client, question)), Code::kNotFound) << "nothing looks like nothing wrong";
  }
}

TEST(Blame, after_ten_minutes_without_anybody_is_once_for_each_that_had_begun) {
  BareMaster master;
  submit(master, "a");
  submit(master, "b");
  std::vector<PeerId> agents = {join_objects_consumer(master, "hasher"),
                                join_objects_consumer(master, "hasher")};
  for (PeerId agent : agents) master.tell(agent, Started{master.tasks(agent).front().record.seq});
  for (int minute = 0; minute < 10; minute++) master.pass(seconds(60));
  PeerId back = join_objects_consumer(master, "hasher", 2);
  auto tasks = master.tasks(back);
  ASSERT_EQ(tasks.size(), 2u);
  for (const Task& task : tasks) EXPECT_EQ(task.tries, 1u);
}

TEST(Blame, is_not_for_what_was_not_begun_nor_for_those_who_say_goodbye) {
  BareMaster master;
  submit(master, "a");
  for (int i = 0; i < 5; i++) {
    PeerId hasher = join_objects_consumer(master, "hasher");
    ASSERT_EQ(master.tasks(hasher).size(), 1u);
    master.leave(hasher);
  }
  for (int i = 0; i < 5; i++) {
    PeerId hasher = join_objects_consumer(master, "hasher");
    Seq seq = master.tasks(hasher).front().record.seq;
    master.tell(hasher, Started{seq});
    master.tell(hasher, Goodbye{});
  }
  EXPECT_TRUE(failures(master).empty());
  PeerId hasher = join_objects_consumer(master, "hasher");
  EXPECT_EQ(master.tasks(hasher).front().tries, 0u);
}

TEST(Suspicion, is_of_what_somebody_had_who_ended_without_having_begun_anything) {
  BareMaster master;
  submit(master, "a");
  PeerId hasher = join_objects_consumer(master, "hasher");
  auto tasks = master.tasks(hasher);
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_FALSE(tasks.front().is_suspect);
  Seq seq = tasks.front().record.seq;
  master.leave(hasher);
  for (uint32_t deaths = 0; deaths < 3; deaths++) {
    hasher = join_objects_consumer(master, "hasher");
    tasks = master.tasks(hasher);
    ASSERT_EQ(tasks.size(), 1u);
    EXPECT_TRUE(tasks.front().is_suspect);
    EXPECT_EQ(tasks.front().tries, deaths) << "nobody knows that it was this one";
    EXPECT_TRUE(std::holds_alternative<Done>(master.ask(hasher, Started{seq})));
    master.leave(hasher);
  }
  auto failed = failures(master);
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed.front().mark.outcome, Outcome::kQuarantined);
}

TEST(Suspicion, ends_with_the_task) {
  BareMaster master;
  submit(master, "a");
  PeerId hasher = join_objects_consumer(master, "hasher");
  Seq seq = master.tasks(hasher).front().record.seq;
  master.leave(hasher);
  hasher = join_objects_consumer(master, "hasher");
  master.ask(hasher, Started{seq});
  master.tell(hasher, Finish{seq, Outcome::kDone, {}, {}});
  EXPECT_TRUE(std::get<PendingTasks>(master.ask(hasher, ListPending{})).tasks.empty());
  EXPECT_TRUE(failures(master).empty());
}

TEST(Suspicion, is_of_nothing_that_somebody_had_beside_what_he_had_begun_or_who_said_goodbye) {
  BareMaster master;
  submit(master, "a");
  submit(master, "b");
  PeerId hasher = join_objects_consumer(master, "hasher", 2);
  master.tell(hasher, Started{master.tasks(hasher).front().record.seq});
  master.leave(hasher);
  hasher = join_objects_consumer(master, "hasher", 2);
  for (const Task& task : master.tasks(hasher)) EXPECT_FALSE(task.is_suspect);
  master.tell(hasher, Goodbye{});
  hasher = join_objects_consumer(master, "hasher", 2);
  for (const Task& task : master.tasks(hasher)) EXPECT_FALSE(task.is_suspect);
}

TEST(Blame, is_for_who_is_stuck_although_it_is_heard_of) {
  BareMaster master;
  PeerId stuck = join_objects_consumer(master, "hasher"), other = join_objects_consumer(master, "hasher");
  submit(master, "a");
  auto tasks = master.tasks(stuck);
  PeerId holder = tasks.empty() ? other : stuck, idle = tasks.empty() ? stuck : other;
  Seq seq = (tasks.empty() ? master.tasks(other) : tasks).front().record.seq;
  master.tell(holder, Started{seq});
  for (uint32_t i = 0; i < kClaimLife; i += 5) {
    master.pass(seconds(5));
    master.tell(stuck, Heartbeat{});
    master.tell(other, Heartbeat{});
    if (i == 100) master.tell(holder, Progress{});
    ASSERT_TRUE(master.tasks(idle).empty()) << i;
  }
  for (int i = 0; i < 25; i++) {
    master.pass(seconds(5));
    master.tell(stuck, Heartbeat{});
    master.tell(other, Heartbeat{});
  }
  EXPECT_EQ(master.tasks(idle).size(), 1u);
  master.tell(holder, Finish{seq, Outcome::kDone, {}, {}});
  EXPECT_FALSE(std::get<Marks>(master.ask(idle, ListMarks{seq})).marks.size() > 0) << "it came too late";
}

TEST(Blame, says_whether_an_instance_ended_or_was_only_silent) {
  BareMaster master;
  submit(master, "a");
  PeerId hasher = join_objects_consumer(master, "hasher");
  for (int i = 0; i < 3; i++) {
    master.pass(seconds(5));
    master.tell(hasher, Progress{});
    auto tasks = master.tasks(hasher);
    ASSERT_EQ(tasks.size(), 1u) << i;
    master.tell(hasher, Started{tasks.front().record.seq});
    for (uint32_t silent = 0; silent <= kClaimLife; silent += 5) {
      master.pass(seconds(5));
      master.tell(hasher, Heartbeat{});
    }
  }
  ASSERT_EQ(failures(master).size(), 1u);
  EXPECT_NE(failures(master).front().mark.message.find("gave no sign of work on it for 300 s"),
            std::string::npos)
      << failures(master).front().mark.message;
}

TEST(Blame, is_taken_back_from_who_returns_to_the_next_master) {
  BareMaster master;
  submit(master, "a");
  Hello hello = consumer_hello("hasher");
  PeerId hasher = master.join(hello);
  for (int i = 0; i < 12; i++) {  // more often than hopeless tasks are tried
    auto tasks = master.tasks(hasher);
    ASSERT_EQ(tasks.size(), 1u) << i;
    EXPECT_EQ(tasks.front().tries, 0u);
    master.tell(hasher, Started{tasks.front().record.seq});
    hello.token = master.token_of(hasher);
    master.restart();
    hasher = master.join(hello);
  }
  EXPECT_TRUE(failures(master).empty());
}

TEST(Blame, survives_the_end_of_the_master) {
  BareMaster master;
  submit(master, "a");
  for (int i = 0; i < 10; i++) {
    PeerId hasher = join_objects_consumer(master, "hasher");
    auto tasks = master.tasks(hasher);
    ASSERT_EQ(tasks.size(), 1u) << i;
    EXPECT_EQ(tasks.front().tries, static_cast<uint32_t>(i));
    master.tell(hasher, Started{tasks.front().record.seq});
    master.restart();
  }
  PeerId hasher = join_objects_consumer(master, "hasher");
  EXPECT_TRUE(master.tasks(hasher).empty());
  EXPECT_EQ(failures(master).size(), 1u);
}

TEST(Blame, is_for_the_task_that_is_begun_with_the_end_of_the_one_before) {
  BareMaster master;
  PeerId hasher = join_objects_consumer(master, "hasher", 2);
  submit(master, "a");
  submit(master, "b");
  auto tasks = master.tasks(hasher);
  ASSERT_EQ(tasks.size(), 2u);
  Seq first = tasks[0].record.seq, second = tasks[1].record.seq;
  master.tell(hasher, Started{first});
  master.tell(hasher, Finish{first, Outcome::kFailed, "not now", {}, second, 60'000, 1});
  master.restart();
  hasher = join_objects_consumer(master, "hasher", 2);
  tasks = master.tasks(hasher);
  ASSERT_EQ(tasks.size(), 2u);
  EXPECT_EQ(tasks[0].tries, 1u) << "asked for another try";
  EXPECT_EQ(tasks[1].tries, 1u) << "was begun";
}

TEST(TryLater, is_granted_so_often_and_then_a_failure) {
  BareMaster master;
  PeerId hasher = join_objects_consumer(master, "hasher");
  SubmissionId submission = submit(master, "a");
  for (int i = 0; i < 2; i++) {
    auto tasks = master.tasks(hasher);
    ASSERT_EQ(tasks.size(), 1u) << i;
    master.tell(hasher, Finish{tasks.front().record.seq, Outcome::kFailed, "no licence now", {}, 0, 5000, 2});
    EXPECT_FALSE(status_of(master, submission).complete);
    master.pass(milliseconds(4900));
    EXPECT_TRUE(master.tasks(hasher).empty());
    master.tell(hasher, Heartbeat{});
    master.pass(milliseconds(200));
  }
  auto tasks = master.tasks(hasher);
  ASSERT_EQ(tasks.size(), 1u);
  master.tell(hasher, Finish{tasks.front().record.seq, Outcome::kFailed, "no licence now", {}, 0, 5000, 2});
  ASSERT_EQ(failures(master).size(), 1u);
  EXPECT_EQ(failures(master).front().mark.message, "no licence now");
  EXPECT_EQ(status_of(master, submission).submission.failures, 1u);
}

TEST(Retry, hands_out_again_what_failed_also_below_the_watermark_and_after_a_restart) {
  BareMaster master;
  PeerId hasher = join_objects_consumer(master, "hasher");
  SubmissionId submission = submit(master, "a");
  Seq seq = master.tasks(hasher).front().record.seq;
  master.tell(hasher, Finish{seq, Outcome::kFailed, "broken", {}});
  EXPECT_EQ(retry(master, {"hasher", seq + 1}), 0u);
  EXPECT_EQ(retry(master, {"hasher", seq}), 1u);
  EXPECT_EQ(status_of(master, submission).submission.failures, 0u);
  EXPECT_FALSE(status_of(master, submission).complete);
  EXPECT_EQ(master.tasks(hasher).size(), 1u);
  master.tell(hasher, Goodbye{});
  master.restart();
  hasher = join_objects_consumer(master, "hasher");
  auto tasks = master.tasks(hasher);
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks.front().record.seq, seq);
  master.tell(hasher, Finish{seq, Outcome::kDone, {}, {}});
  EXPECT_TRUE(failures(master).empty());
  EXPECT_EQ(retry(master, {}), 0u);
  EXPECT_TRUE(status_of(master, submission).complete);
}

TEST(Vanished, consumer_is_waited_for_and_then_named) {
  BareMaster master;
  SubmissionId submission = submit(master, "a");
  die_at_work(master);
  EXPECT_FALSE(status_of(master, submission).complete);
  EXPECT_EQ(status_of(master, submission).gone, std::vector<std::string>{"hasher"});
  master.pass(MasterOptions().return_time);
  EXPECT_TRUE(status_of(master, submission).complete);
  EXPECT_EQ(status_of(master, submission).gone, std::vector<std::string>{"hasher"});
  PeerId hasher = join_objects_consumer(master, "hasher");
  EXPECT_TRUE(status_of(master, submission).gone.empty());
  handle_all(master, hasher);
  master.leave(hasher);
  EXPECT_TRUE(status_of(master, submission).complete);
  EXPECT_TRUE(status_of(master, submission).gone.empty());
}

TEST(Submission, counts_its_own_and_tells_what_is_known_of_others) {
  BareMaster master;
  PeerId hasher = join_objects_consumer(master, "hasher");
  SubmissionId first = submit(master, "a");
  master.tell(hasher, Finish{master.tasks(hasher).front().record.seq, Outcome::kFailed, "broken", {}});
  PeerId inject = master.join(Role::kProducer, "inject");
  SubmissionId second = master.open(inject, "another note");
  master.inject(inject, second, "a");
  EXPECT_EQ(status_of(master, first).submission.failures, 1u);
  EXPECT_EQ(status_of(master, second).submission.failures, 0u);
  EXPECT_EQ(status_of(master, second).known_failures, 1u);
}

}  // namespace
}  // namespace rebus::rules_attempts_test
