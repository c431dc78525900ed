// ListPending: what is still to be handled, and who has it; ProcessEnd: why it ended.
#include <gtest/gtest.h>

#include "tests/support/bare_master.h"

namespace rebus::rules_pending_test {
namespace {

using std::chrono::milliseconds;

Hello hello_from(const std::string& host, uint64_t process, uint32_t credit = 1) {
  Hello hello = consumer_hello("hasher");
  hello.objects_only = true;
  hello.host = host;
  hello.process = process;
  hello.credit = credit;
  return hello;
}

// Through all pages.
std::vector<PendingTask> pending(BareMaster& master, const std::string& agent = "") {
  PeerId client = master.join(Role::kClient, "ls");
  std::vector<PendingTask> tasks;
  ListPending call{agent};
  do {
    auto page = std::get<PendingTasks>(master.ask(client, call));
    tasks.insert(tasks.end(), page.tasks.begin(), page.tasks.end());
    call.consumer = page.consumer;
    call.after = page.after;
  } while (call.consumer != 0);
  return tasks;
}

std::vector<PendingState> states(const std::vector<PendingTask>& tasks) {
  std::vector<PendingState> states;
  for (const PendingTask& task : tasks) states.push_back(task.state);
  return states;
}

// Injects them in one submission.
SubmissionId submit_many(BareMaster& master, int count) {
  PeerId producer = master.join(Role::kProducer, "inject");
  SubmissionId submission = master.open(producer, "many");
  for (int i = 0; i < count; i++) master.inject(producer, submission, std::to_string(i));
  master.close(producer, submission);
  return submission;
}

TEST(Pending, tells_who_has_what) {
  BareMaster master;
  for (const char* name : {"a", "b", "c"}) submit(master, name);
  PeerId hasher = master.join(hello_from("lab", 7, 2));
  auto tasks = master.tasks(hasher);
  ASSERT_EQ(tasks.size(), 2u);
  master.tell(hasher, Started{tasks[0].record.seq});
  auto left = pending(master);
  EXPECT_EQ(states(left),
            (std::vector{PendingState::kAtWork, PendingState::kHandedOut, PendingState::kQueued}));
  EXPECT_EQ(left[0].seq, tasks[0].record.seq);
  EXPECT_EQ(left[0].agent, "hasher");
  EXPECT_EQ(left[0].host, "lab");
  EXPECT_EQ(left[2].host, "");
  master.tell(hasher, Finish{tasks[0].record.seq, Outcome::kDone, {}, {}});
  EXPECT_EQ(states(pending(master, "hasher")),
            (std::vector{PendingState::kHandedOut, PendingState::kHandedOut}));
}

TEST(Pending, tells_when_and_why_something_is_tried_again) {
  BareMaster master;
  PeerId hasher = master.join(hello_from("lab", 7));
  submit(master, "a");
  Seq seq = master.tasks(hasher).front().record.seq;
  master.tell(hasher, Finish{seq, Outcome::kFailed, "no licence now", {}, 0, 5000, 2});
  master.pass(milliseconds(2000));
  auto left = pending(master);
  EXPECT_EQ(states(left), std::vector{PendingState::kDelayed});
  EXPECT_EQ(left[0].wait_ms, 3000u);
  EXPECT_EQ(left[0].tries, 1u);
  EXPECT_EQ(left[0].reason, "no licence now");
}

TEST(Pending, comes_in_pages_in_the_order_of_the_log) {
  BareMaster master;
  PeerId hasher = master.join(hello_from("lab", 7, 1));
  submit_many(master, 1000);
  for (int i = 0; i < 300; i++) {
    Seq seq = master.tasks(hasher).front().record.seq;
    master.tell(hasher, Finish{seq, Outcome::kDone, {}, {}});
  }
  auto left = pending(master);
  EXPECT_EQ(left.size(), 700u);
  EXPECT_TRUE(std::is_sorted(left.begin(), left.end(), [](auto& a, auto& b) { return a.seq < b.seq; }));
}

TEST(Pending, is_due_again_also_below_the_watermark) {
  BareMaster master;
  PeerId hasher = master.join(hello_from("lab", 7));
  submit(master, "a");
  submit(master, "b");
  Seq first = master.tasks(hasher).front().record.seq;
  master.tell(hasher, Finish{first, Outcome::kFailed, "broken", {}});
  Seq second = master.tasks(hasher).front().record.seq;
  master.tell(hasher, Finish{second, Outcome::kDone, {}, {}});
  EXPECT_TRUE(pending(master).empty());
  master.ask(master.join(Role::kClient, "admin"), Retry{"hasher", first});
  auto left = pending(master);
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].seq, first);
}

TEST(Pending, is_nothing_of_what_was_cancelled) {
  BareMaster master;
  PeerId hasher = master.join(hello_from("lab", 7));
  SubmissionId submission = submit_many(master, 3);
  EXPECT_EQ(pending(master).size(), 3u);
  master.ask(master.join(Role::kClient, "admin"), Cancel{submission});
  EXPECT_TRUE(pending(master).empty());
  EXPECT_EQ(master.tasks(hasher).size(), 1u) << "it was handed out before";
}

TEST(Pending, is_nothing_of_what_was_tried_and_cancelled_then) {
  BareMaster master;
  PeerId hasher = master.join(hello_from("lab", 7));
  SubmissionId submission = submit_many(master, 1);
  master.tell(hasher, Started{master.tasks(hasher).front().record.seq});
  master.leave(hasher);
  EXPECT_EQ(pending(master).size(), 1u);
  master.ask(master.join(Role::kClient, "admin"), Cancel{submission});
  EXPECT_TRUE(pending(master).empty()) << "without an instance";
  submit(master, "later");
  hasher = master.join(hello_from("lab", 8));
  EXPECT_EQ(pending(master).size(), 1u) << "with one";
}

TEST(Pending, of_an_agent_without_instances_is_what_was_tried) {
  BareMaster master;
  PeerId hasher = master.join(hello_from("lab", 7));
  submit(master, "a");
  submit(master, "b");
  Seq seq = master.tasks(hasher).front().record.seq;
  master.tell(hasher, Started{seq});
  master.leave(hasher);
  auto left = pending(master);
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].seq, seq);
  EXPECT_EQ(left[0].reason, "the instance on lab ended");
}

TEST(ProcessEnd, ends_its_sessions_at_once_and_is_the_reason) {
  BareMaster master;
  submit_many(master, 3);
  PeerId victim = master.join(hello_from("lab", 7));
  PeerId namesake = master.join(hello_from("other", 7));
  PeerId neighbour = master.join(hello_from("lab", 8));
  Seq seq = master.tasks(victim).front().record.seq;
  for (PeerId peer : {namesake, neighbour}) {
    master.tell(peer, Started{master.tasks(peer).front().record.seq});
  }
  master.tell(victim, Started{seq});
  PeerId launcher = master.join(Role::kClient, "rebus_infra");
  auto answer = master.ask(launcher, ProcessEnd{"lab", 7, "was killed by signal 11 (Segmentation fault)"});
  EXPECT_TRUE(std::holds_alternative<Done>(answer));
  auto left = pending(master);
  ASSERT_EQ(left.size(), 3u);
  for (const PendingTask& task : left) {
    if (task.seq != seq) {
      EXPECT_EQ(task.state, PendingState::kAtWork);
      continue;
    }
    EXPECT_EQ(task.state, PendingState::kDelayed);
    EXPECT_EQ(task.reason, "the instance on lab was killed by signal 11 (Segmentation fault)");
  }
  EXPECT_TRUE(std::holds_alternative<Done>(master.ask(launcher, ProcessEnd{"lab", 7, "again"})));
}

TEST(ProcessEnd, of_nobody_ends_nobody) {
  BareMaster master;
  submit(master, "a");
  PeerId hasher = master.join(hello_from("lab", 0));
  master.tell(hasher, Started{master.tasks(hasher).front().record.seq});
  PeerId launcher = master.join(Role::kClient, "rebus_infra");
  master.ask(launcher, ProcessEnd{"lab", 0, "was killed"});
  EXPECT_EQ(states(pending(master)), std::vector{PendingState::kAtWork});
}

TEST(ProcessEnd, keeps_so_much_of_what_it_is_told) {
  BareMaster master;
  submit(master, "a");
  PeerId hasher = master.join(hello_from("lab", 7));
  master.tell(hasher, Started{master.tasks(hasher).front().record.seq});
  PeerId launcher = master.join(Role::kClient, "rebus_infra");
  master.ask(launcher, ProcessEnd{"lab", 7, std::string(5000, 'x')});
  EXPECT_EQ(pending(master).at(0).reason, "the instance on lab " + std::string(1024, 'x'));
}

}  // namespace
}  // namespace rebus::rules_pending_test
