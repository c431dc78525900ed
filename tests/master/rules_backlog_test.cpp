// How much every consumer has still to handle.
#include <gtest/gtest.h>

#include "tests/support/bare_master.h"

namespace rebus::rules_backlog_test {
namespace {

using Pending = std::vector<uint64_t>;  // urgent, normal, bulk

Pending pending_of(BareMaster& master, const std::string& agent) {
  PeerId client = master.join(Role::kClient, "admin");
  auto status = std::get<Status>(master.ask(client, GetStatus{}));
  master.tell(client, Goodbye{});
  for (const ConsumerStatus& one : status.consumers) {
    if (one.consumer.agent == agent) return one.pending;
  }
  return {};
}

// Files, in a submission of their own.
SubmissionId submit_many(BareMaster& master, const std::string& name, int count, Lane lane = Lane::kNormal) {
  PeerId inject = master.join(Role::kProducer, "inject");
  SubmissionId submission = master.open(inject, name, lane);
  for (int i = 0; i < count; i++) master.inject(inject, submission, name + std::to_string(i));
  master.close(inject, submission);
  master.tell(inject, Goodbye{});
  return submission;
}

// Takes one task of those that came and ends it.
void handle_one(BareMaster& master, PeerId consumer, Outcome outcome = Outcome::kDone) {
  auto tasks = master.tasks(consumer);
  ASSERT_FALSE(tasks.empty());
  master.tell(consumer, Finish{tasks.front().record.seq, outcome, {}, {}});
}

TEST(Backlog, is_counted_by_lane_as_it_comes_and_goes) {
  BareMaster master;
  PeerId hasher = join_objects_consumer(master, "hasher");
  EXPECT_EQ(pending_of(master, "hasher"), (Pending{0, 0, 0}));
  submit_many(master, "a", 3);
  submit_many(master, "u", 2, Lane::kUrgent);
  submit_many(master, "b", 1, Lane::kBulk);
  EXPECT_EQ(pending_of(master, "hasher"), (Pending{2, 3, 1}));
  handle_one(master, hasher);  // had come before the urgent ones
  EXPECT_EQ(pending_of(master, "hasher"), (Pending{2, 2, 1}));
  handle_one(master, hasher, Outcome::kFailed);
  EXPECT_EQ(pending_of(master, "hasher"), (Pending{1, 2, 1}));
  EXPECT_EQ(handle_all(master, hasher).size(), 4u);
  EXPECT_EQ(pending_of(master, "hasher"), (Pending{0, 0, 0}));
}

TEST(Backlog, is_known_of_who_is_not_here) {
  BareMaster master;
  PeerId hasher = join_objects_consumer(master, "hasher");
  submit_many(master, "a", 3);
  handle_one(master, hasher);
  master.tell(hasher, Goodbye{});
  submit_many(master, "b", 4);
  EXPECT_EQ(pending_of(master, "hasher"), (Pending{0, 6, 0}));
  master.restart();
  EXPECT_EQ(pending_of(master, "hasher"), (Pending{0, 6, 0}));
  hasher = join_objects_consumer(master, "hasher");
  EXPECT_EQ(pending_of(master, "hasher"), (Pending{0, 6, 0}));
  EXPECT_EQ(handle_all(master, hasher).size(), 6u);
}

TEST(Backlog, of_who_comes_late_is_all_that_it_takes) {
  BareMaster master;
  submit_many(master, "a", 5);
  PeerId late = join_objects_consumer(master, "late");
  Hello other = consumer_hello("other", "/nothing");
  master.join(other);
  EXPECT_EQ(pending_of(master, "late"), (Pending{0, 5, 0}));
  EXPECT_EQ(pending_of(master, "other"), (Pending{0, 0, 0}));
  handle_all(master, late);
}

TEST(Backlog, grows_by_what_is_tried_again) {
  BareMaster master;
  PeerId hasher = join_objects_consumer(master, "hasher");
  submit_many(master, "a", 2);
  handle_one(master, hasher, Outcome::kFailed);
  handle_one(master, hasher);
  master.tell(hasher, Goodbye{});
  EXPECT_EQ(pending_of(master, "hasher"), (Pending{0, 0, 0}));
  master.ask(master.join(Role::kClient, "admin"), Retry{"hasher"});
  EXPECT_EQ(pending_of(master, "hasher"), (Pending{0, 1, 0}));
}

TEST(Backlog, is_right_again_when_all_is_handled_after_something_was_cancelled) {
  BareMaster master;
  PeerId hasher = join_objects_consumer(master, "hasher");
  SubmissionId cancelled = submit_many(master, "a", 10);
  submit_many(master, "b", 2);
  master.ask(master.join(Role::kClient, "admin"), Cancel{cancelled});
  EXPECT_GE(pending_of(master, "hasher")[1], 2u) << "at most so many";
  master.tell(hasher,
              Finish{master.tasks(hasher).front().record.seq, Outcome::kFailed, {}, {}});  // withdrawn
  EXPECT_EQ(handle_all(master, hasher).size(), 2u);
  EXPECT_EQ(pending_of(master, "hasher"), (Pending{0, 0, 0}));
  submit_many(master, "c", 3);
  EXPECT_EQ(pending_of(master, "hasher"), (Pending{0, 3, 0}));
}

TEST(Backlog, does_not_hold_what_a_regex_passes_over) {
  BareMaster master;
  Hello picky = consumer_hello("picky");
  picky.objects_only = true;
  picky.selector_regex = "/never";
  PeerId peer = master.join(picky);
  submit_many(master, "a", 3);
  EXPECT_EQ(pending_of(master, "picky"), (Pending{0, 0, 0}));
  master.ask(master.join(Role::kClient, "admin"), Pause{"picky", true});
  submit_many(master, "b", 2);
  EXPECT_EQ(pending_of(master, "picky"), (Pending{0, 2, 0})) << "at most so many: nobody has looked yet";
  EXPECT_TRUE(master.tasks(peer).empty());
}

TEST(Backlog, goes_down_with_what_is_removed) {
  BareMaster master;
  PeerId first = join_objects_consumer(master, "first");
  submit_many(master, "a", 3);
  handle_all(master, first);
  master.tell(first, Goodbye{});
  PeerId client = master.join(Role::kClient, "admin");
  Prune all;
  all.before_ns = std::numeric_limits<int64_t>::max();
  auto pruned = std::get<Pruned>(master.ask(client, all));
  EXPECT_EQ(pruned.files, 3u);
  EXPECT_EQ(pending_of(master, "first"), (Pending{0, 0, 0}));
  submit_many(master, "b", 2);
  EXPECT_EQ(pending_of(master, "first"), (Pending{0, 2, 0}));
}

}  // namespace
}  // namespace rebus::rules_backlog_test
