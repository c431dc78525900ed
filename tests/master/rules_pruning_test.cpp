// What is removed for good: old files, their bytes, consumers.
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/bare_master.h"

namespace rebus::rules_pruning_test {
namespace {

constexpr int64_t kEver = std::numeric_limits<int64_t>::max();

class PruneTest : public testing::Test {
 protected:
  // All pages.
  Pruned prune(bool values_only = false, int64_t before_ns = kEver) {
    Prune query;
    query.before_ns = before_ns;
    query.values_only = values_only;
    Pruned sum;
    do {
      Pruned page = std::get<Pruned>(master_.ask(client_, query));
      sum.files += page.files;
      sum.results += page.results;
      sum.value_bytes += page.value_bytes;
      sum.unhandled += page.unhandled;
      query.cursor = page.cursor;
    } while (query.cursor != 0);
    return sum;
  }
  uint64_t stored() { return master_.storage().statistics().descriptors; }
  Seq find(const Descriptor& d) { return *master_.storage().lookup(d.domain, d.selector); }
  Descriptor file(const std::string& name) {
    return make_object(Domain(), "/binary/elf", name, Value::of(name), "inject");
  }
  // As an unarchiver: pushes a member while it has the task.
  void extract(PeerId agent, const Descriptor& container, const std::string& name) {
    Descriptor member = make_object(Domain(), "/binary/elf", name, Value::of(name), "unpack");
    ASSERT_EQ(refusal(master_.push(agent, member, 0, OriginClaim{container.selector, name, 0})), Code{});
  }

  BareMaster master_;
  PeerId client_ = master_.join(Role::kClient, "admin");
  PeerId inject_ = master_.join(Role::kProducer, "inject");
};

TEST_F(PruneTest, removes_files_with_their_results_notes_and_marks) {
  SubmissionId submission = master_.open(inject_, "s");
  Descriptor a = master_.inject(inject_, submission, "a");
  master_.inject(inject_, submission, "b");
  master_.close(inject_, submission);
  PeerId hasher = join_objects_consumer(master_, "hasher", 1);
  for (auto tasks = master_.tasks(hasher); !tasks.empty(); tasks = master_.tasks(hasher)) {
    Finish finish{tasks[0].record.seq, Outcome::kDone, {}, {}};
    finish.children.push_back(
        {make_child(tasks[0].record.descriptor, "hasher", "/md5_hash", Value::of("#")), {}, 0});
    master_.tell(hasher, finish);
  }
  ASSERT_EQ(stored(), 5u);
  Pruned done = prune();
  EXPECT_EQ(done.files, 2u);
  EXPECT_EQ(done.results, 2u);
  EXPECT_EQ(done.unhandled, 0u);
  EXPECT_EQ(stored(), 0u);
  EXPECT_EQ(find(a), 0u);
  EXPECT_TRUE(master_.storage().marks(2)->empty());
  auto status = std::get<Status>(master_.ask(client_, GetStatus{}));
  EXPECT_EQ(status.consumers[0].consumer.outcomes[1], 0u);
  EXPECT_TRUE(status.idle || status.producers > 0);
  auto record = std::get<SubmissionStatus>(master_.ask(client_, GetSubmission{submission})).submission;
  EXPECT_EQ(record.results, 0u);
}

TEST_F(PruneTest, makes_a_file_new_that_is_injected_again) {
  Descriptor a = file("a");
  submit(master_, "a");
  PeerId hasher = join_objects_consumer(master_, "hasher");
  EXPECT_EQ(handle_all(master_, hasher).size(), 1u);
  Seq before = find(a);
  prune();
  SubmissionId submission = master_.open(inject_, "again");
  master_.inject(inject_, submission, "a");
  EXPECT_GT(find(a), before);
  EXPECT_EQ(handle_all(master_, hasher), std::vector<std::string>{"a"});
}

TEST_F(PruneTest, keeps_positions_for_good_also_after_a_restart) {
  submit(master_, "a");
  Seq head = master_.storage().statistics().head;
  prune();
  EXPECT_EQ(master_.storage().statistics().head, head);
  master_.restart();
  submit(master_, "b");
  EXPECT_GT(master_.storage().statistics().head, head);
  EXPECT_EQ(handle_all(master_, join_objects_consumer(master_, "hasher")), std::vector<std::string>{"b"});
}

TEST_F(PruneTest, never_takes_what_is_not_handled_by_everybody_who_is_there) {
  submit(master_, "a");
  PeerId hasher = join_objects_consumer(master_, "hasher", 1);
  Task task = master_.tasks(hasher).front();
  Pruned done = prune();
  EXPECT_EQ(done.files, 0u);
  EXPECT_EQ(done.unhandled, 1u);
  EXPECT_EQ(stored(), 2u);
  master_.tell(hasher, Finish{task.record.seq, Outcome::kDone, {}, {}});
  EXPECT_EQ(prune().files, 1u);
}

TEST_F(PruneTest, never_takes_what_is_being_injected) {
  SubmissionId open = master_.open(inject_, "open");
  master_.inject(inject_, open, "a");
  EXPECT_EQ(prune().unhandled, 1u);
  master_.close(inject_, open);
  EXPECT_EQ(prune().files, 1u);
}

TEST_F(PruneTest, waits_for_those_who_were_there_before_a_restart) {
  PeerId hasher = join_objects_consumer(master_, "hasher", 1);
  submit(master_, "a");
  ASSERT_EQ(master_.tasks(hasher).size(), 1u);
  master_.restart();
  client_ = master_.join(Role::kClient, "admin");
  EXPECT_EQ(prune().unhandled, 1u);
}

TEST_F(PruneTest, keeps_a_file_that_was_injected_again_lately_with_all_that_is_in_it) {
  SubmissionId old = master_.open(inject_, "old");
  Descriptor box = master_.inject(inject_, old, "box");
  Descriptor other = master_.inject(inject_, old, "other");
  extract(inject_, box, "member");
  extract(inject_, other, "loner");
  master_.close(inject_, old);
  master_.pass(std::chrono::seconds(1));
  int64_t now = static_cast<int64_t>(master_.storage().get(find(box))->descriptor.stored_at_ns) + 1;
  master_.pass(std::chrono::seconds(1));
  SubmissionId fresh = master_.open(inject_, "fresh");
  master_.inject(inject_, fresh, "box");
  master_.close(inject_, fresh);
  Pruned done = prune(false, now);
  EXPECT_EQ(done.files, 2u);  // other, loner
  EXPECT_NE(find(box), 0u);
  EXPECT_NE(find(file("member")), 0u);
  EXPECT_EQ(find(other), 0u);
  EXPECT_EQ(find(file("loner")), 0u);
}

TEST_F(PruneTest, takes_a_file_that_was_injected_again_before_that_and_nothing_since) {
  for (const char* name : {"first", "again"}) {
    SubmissionId submission = master_.open(inject_, name);
    master_.inject(inject_, submission, "a");
    master_.close(inject_, submission);
  }
  ASSERT_EQ(master_.storage().origins_of(find(file("a")), 0, 10)->size(), 2u);
  EXPECT_EQ(prune().files, 1u);
}

TEST_F(PruneTest, takes_containers_with_their_contents_and_only_their_names_from_others) {
  SubmissionId old = master_.open(inject_, "old");
  Descriptor box = master_.inject(inject_, old, "box");
  Descriptor shared = master_.inject(inject_, old, "shared");
  extract(inject_, box, "shared");
  extract(inject_, box, "inside");
  master_.close(inject_, old);
  int64_t now = static_cast<int64_t>(master_.storage().get(find(box))->descriptor.stored_at_ns) + 1;
  master_.pass(std::chrono::seconds(1));
  SubmissionId fresh = master_.open(inject_, "fresh");
  master_.inject(inject_, fresh, "shared");
  master_.close(inject_, fresh);
  EXPECT_EQ(prune(false, now).files, 2u);  // box, inside
  ASSERT_NE(find(shared), 0u);
  auto origins = *master_.storage().origins_of(find(shared), 0, 100);
  ASSERT_EQ(origins.size(), 2u);
  for (const Origin& origin : origins) EXPECT_EQ(origin.container, 0u);
}

TEST_F(PruneTest, is_of_its_domain_only) {
  submit(master_, "a");
  Prune query;
  query.before_ns = kEver;
  query.domain = *Domain::parse("lab");
  EXPECT_EQ(std::get<Pruned>(master_.ask(client_, query)).files, 0u);
}

TEST_F(PruneTest, broken_off_goes_on_when_asked_again) {
  SubmissionId submission = master_.open(inject_, "s");
  for (int i = 0; i < 2000; i++) master_.inject(inject_, submission, "f" + std::to_string(i));
  master_.close(inject_, submission);
  Prune query;
  query.before_ns = kEver;
  auto first = std::get<Pruned>(master_.ask(client_, query));
  EXPECT_NE(first.cursor, 0u);
  EXPECT_LT(first.files, 2000u);
  master_.restart();
  master_.pass(std::chrono::seconds(11));  // nobody comes back
  client_ = master_.join(Role::kClient, "admin");
  EXPECT_EQ(first.files + prune().files, 2000u);
  EXPECT_EQ(stored(), 0u);
}

TEST_F(PruneTest, of_values_keeps_what_is_known_and_tells_readers) {
  submit(master_, "abc");
  Descriptor abc = file("abc");
  Pruned done = prune(true);
  EXPECT_EQ(done.files, 1u);
  EXPECT_EQ(done.value_bytes, 3u);
  EXPECT_EQ(stored(), 2u);
  auto answer = master_.ask(client_, Read{find(abc), 0, 10});
  ASSERT_EQ(refusal(answer), Code::kNotFound);
  EXPECT_NE(std::get<Failure>(answer).message.find("pruned"), std::string::npos);
  EXPECT_EQ(prune(true).files, 0u);
  submit(master_, "abc");  // brings them back
  EXPECT_EQ(std::get<Data>(master_.ask(client_, Read{find(abc), 0, 10})).bytes, "abc");
}

TEST_F(PruneTest, of_values_has_the_same_bytes_handled_anew_when_they_come_again) {
  submit(master_, "abc");
  PeerId hasher = join_objects_consumer(master_, "hasher", 1),
         other = join_objects_consumer(master_, "other");
  auto hash = [&] {
    Finish finish{master_.tasks(hasher).at(0).record.seq, Outcome::kDone, {}, {}};
    finish.children.push_back({make_child(file("abc"), "hasher", "/md5_hash", Value::of("#")), {}, 0});
    master_.tell(hasher, finish);
    return make_child(file("abc"), "hasher", "/md5_hash", Value::of("#"));
  };
  Descriptor result = hash();
  EXPECT_EQ(handle_all(master_, other).size(), 1u);
  EXPECT_EQ(prune(true).results, 1u);
  SubmissionId again = master_.open(inject_, "again");
  master_.inject(inject_, again, "abc");
  master_.inject(inject_, again, "abc");  // once is enough
  master_.close(inject_, again);
  hash();
  EXPECT_EQ(handle_all(master_, other), std::vector<std::string>{"abc"});
  EXPECT_EQ(std::get<Data>(master_.ask(client_, Read{find(result), 0, 10})).bytes, "#");
  EXPECT_TRUE(master_.tasks(hasher).empty());
  auto all = std::get<Status>(master_.ask(client_, GetStatus{}));
  for (const ConsumerStatus& status : all.consumers) {
    EXPECT_EQ(status.consumer.count(Outcome::kDone), 1u) << status.consumer.agent;
  }
}

TEST_F(PruneTest, of_values_leaves_bytes_that_something_young_has_too) {
  submit(master_, "abc");
  int64_t now = master_.storage().get(find(file("abc")))->descriptor.stored_at_ns + 1;
  master_.pass(std::chrono::seconds(1));
  SubmissionId fresh = master_.open(inject_, "fresh");
  Descriptor same = make_object(Domain(), "/text/ascii", "same", Value::of("abc"), "inject");
  master_.push(inject_, same, fresh, OriginClaim{{}, "same", 0});
  master_.close(inject_, fresh);
  EXPECT_EQ(prune(true, now).files, 0u);
  EXPECT_EQ(std::get<Data>(master_.ask(client_, Read{find(same), 0, 10})).bytes, "abc");
  EXPECT_EQ(prune(false, now).files, 1u);
  EXPECT_EQ(std::get<Data>(master_.ask(client_, Read{find(same), 0, 10})).bytes, "abc");
}

// --- forgetting ---

TEST(Forget, removes_a_consumer_for_which_nobody_waits_then) {
  BareMaster master;
  PeerId client = master.join(Role::kClient, "admin");
  submit(master, "a");
  PeerId hasher = join_objects_consumer(master, "hasher");
  EXPECT_EQ(refusal(master.ask(client, Forget{1})), Code::kConflict);
  handle_all(master, hasher);
  PeerId other = join_objects_consumer(master, "other", 1);
  handle_all(master, other);
  master.leave(hasher);
  EXPECT_EQ(std::get<Forgotten>(master.ask(client, Forget{1})).marks, 1u);
  EXPECT_EQ(refusal(master.ask(client, Forget{1})), Code::kNotFound);
  auto status = std::get<Status>(master.ask(client, GetStatus{}));
  ASSERT_EQ(status.consumers.size(), 1u);
  EXPECT_EQ(status.consumers[0].consumer.agent, "other");
  // A new one has a number of its own, and all the work.
  EXPECT_EQ(handle_all(master, join_objects_consumer(master, "third")).size(), 1u);
  EXPECT_EQ(handle_all(master, join_objects_consumer(master, "hasher")).size(), 1u);
  master.restart();
  client = master.join(Role::kClient, "admin");
  EXPECT_EQ(std::get<Status>(master.ask(client, GetStatus{})).consumers.size(), 3u);
}

TEST(Forget, takes_its_failures_off_the_submissions) {
  BareMaster master;
  PeerId client = master.join(Role::kClient, "admin");
  SubmissionId submission = submit(master, "a");
  PeerId hasher = join_objects_consumer(master, "hasher", 1);
  master.tell(hasher, Finish{master.tasks(hasher).front().record.seq, Outcome::kFailed, "no", {}});
  auto failures = [&] {
    return std::get<SubmissionStatus>(master.ask(client, GetSubmission{submission})).submission.failures;
  };
  EXPECT_EQ(failures(), 1u);
  master.leave(hasher);
  master.ask(client, Forget{1});
  EXPECT_EQ(failures(), 0u);
}

TEST(Forget, ends_the_wait_for_one_that_is_gone) {
  BareMaster master;
  PeerId client = master.join(Role::kClient, "admin");
  PeerId hasher = join_objects_consumer(master, "hasher", 1);
  SubmissionId submission = submit(master, "a");
  master.leave(hasher);  // without a word, with work left
  uint64_t waiting = master.start_asking(client, GetSubmission{submission, true});
  EXPECT_FALSE(master.has_answer(waiting));
  master.ask(client, Forget{1});
  EXPECT_TRUE(master.has_answer(waiting));
}

}  // namespace
}  // namespace rebus::rules_pruning_test
