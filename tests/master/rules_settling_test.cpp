// When a submission is complete and the bus idle.
#include <gtest/gtest.h>

#include "tests/support/bare_master.h"

namespace rebus::rules_settling_test {
namespace {

bool is_complete(BareMaster& master, SubmissionId submission) {
  PeerId client = master.join(Role::kClient, "tree");
  return std::get<SubmissionStatus>(master.ask(client, GetSubmission{submission, false})).complete;
}

TEST(Submission, is_complete_when_its_last_member_is_handled) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject");
  PeerId hasher = join_objects_consumer(master, "hasher");
  SubmissionId submission = master.open(inject, "s");
  master.inject(inject, submission, "a");
  uint64_t waiting = master.start_asking(inject, GetSubmission{submission, true});
  EXPECT_FALSE(master.has_answer(waiting));  // open
  master.close(inject, submission);
  EXPECT_FALSE(master.has_answer(waiting));  // being hashed
  handle_all(master, hasher);
  EXPECT_TRUE(master.has_answer(waiting));
}

TEST(Submission, of_known_bytes_waits_for_those_who_work_on_them) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject");
  PeerId hasher = join_objects_consumer(master, "hasher");
  SubmissionId first = master.open(inject, "one"), second = master.open(inject, "two");
  master.inject(inject, first, "a");
  master.close(inject, first);
  master.inject(inject, second, "a");
  master.close(inject, second);
  uint64_t waiting = master.start_asking(inject, GetSubmission{second, true});
  EXPECT_FALSE(master.has_answer(waiting));
  handle_all(master, hasher);
  EXPECT_TRUE(master.has_answer(waiting));
}

TEST(Submission, is_waited_for_by_so_many_calls_of_one_session_only) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject"), client = master.join(Role::kClient, "ls");
  SubmissionId submission = master.open(inject, "s");
  for (int i = 0; i < 64; i++) {
    EXPECT_FALSE(master.has_answer(master.start_asking(client, GetSubmission{submission, true})));
  }
  EXPECT_EQ(refusal(master.ask(client, GetSubmission{submission, true})), Code::kLimit);
  EXPECT_EQ(refusal(master.ask(client, WaitIdle{})), Code::kLimit);
  uint64_t other = master.start_asking(master.join(Role::kClient, "tree"), GetSubmission{submission, true});
  EXPECT_FALSE(master.has_answer(other));
  master.close(inject, submission);
  EXPECT_TRUE(master.has_answer(other));
}

TEST(Restart, waits_for_the_consumers_that_were_there) {
  BareMaster master;
  join_objects_consumer(master, "hasher");
  SubmissionId submission = submit(master, "a");
  master.restart();
  EXPECT_FALSE(is_complete(master, submission)) << "nobody has handled it";
  uint64_t idle = master.start_asking(master.join(Role::kClient, "ls"), WaitIdle{});
  PeerId hasher = join_objects_consumer(master, "hasher");
  EXPECT_FALSE(is_complete(master, submission));
  EXPECT_FALSE(master.has_answer(idle));
  handle_all(master, hasher);
  EXPECT_TRUE(is_complete(master, submission));
  EXPECT_TRUE(master.has_answer(idle));
}

TEST(Restart, waits_only_so_long) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject");
  join_objects_consumer(master, "hasher");
  SubmissionId submission = master.open(inject, "s");
  master.inject(inject, submission, "a");
  master.restart();
  EXPECT_FALSE(is_complete(master, submission));
  master.pass(MasterOptions().return_time);
  EXPECT_TRUE(is_complete(master, submission)) << "neither the producer nor the consumer came back";
}

TEST(Restart, does_not_wait_for_a_consumer_that_left) {
  BareMaster master;
  PeerId hasher = join_objects_consumer(master, "hasher");
  SubmissionId submission = submit(master, "a");
  master.tell(hasher, Goodbye{});
  master.restart();
  EXPECT_TRUE(is_complete(master, submission));
}

TEST(Restart, leaves_an_injection_open_for_its_producer) {
  BareMaster master;
  SubmissionId submission = master.open(master.join(Role::kProducer, "inject"), "s");
  master.restart();
  EXPECT_FALSE(is_complete(master, submission));
  Hello again;
  again.role = Role::kProducer;
  again.agent = "inject";
  again.token = 5;
  again.submission = submission;
  PeerId inject = master.join(again);
  for (int second = 0; second < 30; second += 5) {
    master.pass(std::chrono::seconds(5));
    master.tell(inject, Heartbeat{});
  }
  EXPECT_FALSE(is_complete(master, submission)) << "it may be uploading something large";
  master.close(inject, submission);
  EXPECT_TRUE(is_complete(master, submission));
}

TEST(Idle, comes_after_the_last_producer_and_the_last_task) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject");
  PeerId hasher = join_objects_consumer(master, "hasher");
  PeerId client = master.join(Role::kClient, "ls");
  uint64_t waiting = master.start_asking(client, WaitIdle{});
  EXPECT_FALSE(master.has_answer(waiting));  // a producer that may still inject
  SubmissionId submission = master.open(inject, "s");
  master.inject(inject, submission, "a");
  master.close(inject, submission);
  EXPECT_FALSE(master.has_answer(waiting));
  handle_all(master, hasher);
  EXPECT_TRUE(master.has_answer(waiting));
}

}  // namespace
}  // namespace rebus::rules_settling_test
