// Modes: when a consumer is given what it is interested in; what it keeps between its tasks.
#include <gtest/gtest.h>

#include "tests/support/bare_master.h"

namespace rebus::rules_modes_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Hello hello_in(Mode mode, const std::string& agent = "gather") {
  Hello hello = consumer_hello(agent);
  hello.objects_only = true;
  hello.credit = 4;
  hello.mode = mode;
  hello.modes = {Mode::kAutomatic, Mode::kInteractive, Mode::kIdle, Mode::kComplete};
  return hello;
}

// Says of all that is offered that it is of interest.
size_t take_offers(BareMaster& master, PeerId peer) {
  size_t count = 0;
  while (true) {
    auto tasks = master.tasks(peer);
    if (tasks.empty()) return count;
    for (const Task& task : tasks) {
      EXPECT_TRUE(task.is_offer);
      master.tell(peer, Finish{task.record.seq, Outcome::kProcessable, {}, {}});
      count++;
    }
  }
}

Consumer consumer_of(BareMaster& master, const std::string& agent = "gather") {
  auto status = std::get<Status>(master.ask(master.join(Role::kClient, "status"), GetStatus{}));
  for (const ConsumerStatus& one : status.consumers) {
    if (one.consumer.agent == agent) return one.consumer;
  }
  throw std::runtime_error("no consumer " + agent);
}

bool is_idle(BareMaster& master) {
  return std::get<Status>(master.ask(master.join(Role::kClient, "status"), GetStatus{})).idle;
}

bool is_complete(BareMaster& master, SubmissionId id) {
  return std::get<SubmissionStatus>(master.ask(master.join(Role::kClient, "tree"), GetSubmission{id, false}))
      .complete;
}

Asked ask(BareMaster& master, std::vector<Seq> seqs, bool force = false) {
  return std::get<Asked>(
      master.ask(master.join(Role::kClient, "admin"), Ask{"gather", std::move(seqs), force}));
}

std::vector<Seq> seqs_of(BareMaster& master, PeerId peer) {
  std::vector<Seq> seqs;
  auto items = std::get<Items>(master.ask(peer, ListBulk{}));
  for (const Record& record : items.records) seqs.push_back(record.seq);
  return seqs;
}

Seq seq_of(BareMaster& master, const std::string& name) {
  Find query;
  query.by = By::kName;
  query.text = name;
  return std::get<Items>(master.ask(master.join(Role::kClient, "ls"), query)).records.at(0).seq;
}

TEST(Interactive, consumer_works_on_what_is_asked_for_only) {
  BareMaster master;
  PeerId peer = master.join(hello_in(Mode::kInteractive));
  SubmissionId submission = submit(master, "a");
  submit(master, "b");
  EXPECT_EQ(take_offers(master, peer), 2u);
  EXPECT_TRUE(is_idle(master));
  EXPECT_TRUE(is_complete(master, submission));
  EXPECT_EQ(consumer_of(master).count(Outcome::kProcessable), 2u);
  Seq a = seq_of(master, "a");
  EXPECT_EQ(ask(master, {a}).due, 1u);
  EXPECT_FALSE(is_idle(master));
  auto tasks = master.tasks(peer);
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks.front().record.seq, a);
  EXPECT_FALSE(tasks.front().is_offer);
  EXPECT_TRUE(tasks.front().is_asked);
  master.tell(peer, Finish{a, Outcome::kDone, {}, {}});
  EXPECT_EQ(consumer_of(master).count(Outcome::kProcessable), 1u);
  EXPECT_EQ(consumer_of(master).count(Outcome::kDone), 1u);
  Asked again = ask(master, {a});
  EXPECT_EQ(again.due, 0u);
  EXPECT_EQ(again.handled, 1u);
  EXPECT_EQ(ask(master, {a}, true).due, 1u);
  EXPECT_EQ(master.tasks(peer).size(), 1u);
}

TEST(Interactive, question_survives_a_restart_and_comes_before_the_offer) {
  BareMaster master;
  PeerId peer = master.join(hello_in(Mode::kInteractive));
  submit(master, "a");
  take_offers(master, peer);
  master.leave(peer);
  SubmissionId later = submit(master, "later");
  EXPECT_EQ(ask(master, {seq_of(master, "a"), seq_of(master, "later")}).due, 2u);
  master.restart();
  peer = master.join(hello_in(Mode::kInteractive));
  auto tasks = master.tasks(peer);
  ASSERT_EQ(tasks.size(), 2u);
  for (const Task& task : tasks) {
    EXPECT_FALSE(task.is_offer);
    master.tell(peer, Finish{task.record.seq, Outcome::kDone, {}, {}});
  }
  EXPECT_TRUE(master.tasks(peer).empty());
  EXPECT_TRUE(is_complete(master, later));
}

TEST(Interactive, question_while_the_offer_is_under_way_counts) {
  BareMaster master;
  PeerId peer = master.join(hello_in(Mode::kInteractive));
  submit(master, "a");
  auto offers = master.tasks(peer);
  ASSERT_EQ(offers.size(), 1u);
  EXPECT_EQ(ask(master, {offers.front().record.seq}).due, 1u);
  master.tell(peer, Finish{offers.front().record.seq, Outcome::kProcessable, {}, {}});
  auto tasks = master.tasks(peer);
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_FALSE(tasks.front().is_offer);
}

TEST(Interactive, what_an_agent_does_not_take_is_not_given_to_it_although_somebody_asks) {
  BareMaster master;
  Hello hello = hello_in(Mode::kInteractive);
  hello.prefixes = {"/archive"};
  PeerId peer = master.join(hello);
  submit(master, "a");
  EXPECT_EQ(ask(master, {seq_of(master, "a")}).not_taken, 1u);
  master.leave(peer);
  EXPECT_EQ(ask(master, {seq_of(master, "a")}).due, 1u) << "nobody is there who would know";
  peer = master.join(hello);
  EXPECT_TRUE(master.tasks(peer).empty());
  EXPECT_TRUE(is_idle(master));
  Body answer = master.ask(master.join(Role::kClient, "admin"), Ask{"nobody", {1}, false});
  EXPECT_EQ(refusal(answer), Code::kNotFound);
}

TEST(IdleMode, consumer_is_given_all_that_it_collected_when_the_bus_is_idle) {
  BareMaster master;
  PeerId peer = master.join(hello_in(Mode::kIdle));
  PeerId inject = master.join(Role::kProducer, "inject");
  SubmissionId open = master.open(inject, "note");
  master.inject(inject, open, "a");
  master.inject(inject, open, "b");
  EXPECT_EQ(take_offers(master, peer), 2u);
  EXPECT_TRUE(master.bulks(peer).empty()) << "more may come";
  master.close(inject, open);
  auto bulks = master.bulks(peer);
  ASSERT_EQ(bulks.size(), 1u);
  EXPECT_EQ(bulks.front().count, 2u);
  EXPECT_EQ(bulks.front().submission, 0u);
  EXPECT_EQ(seqs_of(master, peer), (std::vector<Seq>{seq_of(master, "a"), seq_of(master, "b")}));
  EXPECT_FALSE(is_idle(master));
  master.tell(peer, Finish{bulks.front().seq, Outcome::kDone, {}, {}});
  EXPECT_TRUE(is_idle(master));
  EXPECT_EQ(consumer_of(master).count(Outcome::kDone), 2u);
  EXPECT_EQ(consumer_of(master).count(Outcome::kProcessable), 0u);
  EXPECT_EQ(refusal(master.ask(peer, ListBulk{})), Code::kInvalid);
  submit(master, "c");
  EXPECT_EQ(take_offers(master, peer), 1u);
  bulks = master.bulks(peer);
  ASSERT_EQ(bulks.size(), 1u);
  EXPECT_EQ(seqs_of(master, peer), std::vector<Seq>{seq_of(master, "c")});
}

TEST(IdleMode, bulk_of_an_instance_that_dies_is_given_to_the_next_and_quarantined_in_the_end) {
  BareMaster master;
  SubmissionId submission = submit(master, "a");
  submit(master, "b");
  for (uint32_t i = 0; i < 3; i++) {
    PeerId peer = master.join(hello_in(Mode::kIdle));
    take_offers(master, peer);
    master.pass(seconds(4));
    auto bulks = master.bulks(peer);
    ASSERT_EQ(bulks.size(), 1u) << i;
    EXPECT_EQ(bulks.front().tries, i);
    master.tell(peer, Started{bulks.front().seq});
    master.leave(peer);
  }
  PeerId peer = master.join(hello_in(Mode::kIdle));
  master.pass(seconds(5));
  EXPECT_TRUE(master.bulks(peer).empty());
  EXPECT_TRUE(is_idle(master));
  Consumer consumer = consumer_of(master);
  EXPECT_EQ(consumer.count(Outcome::kQuarantined), 2u);
  EXPECT_EQ(consumer.count(Outcome::kProcessable), 0u);
  auto retried = master.ask(master.join(Role::kClient, "admin"), Retry{"gather"});
  EXPECT_EQ(std::get<Retried>(retried).count, 2u);
  EXPECT_FALSE(is_complete(master, submission));
  EXPECT_EQ(take_offers(master, peer), 2u);
  EXPECT_EQ(master.bulks(peer).size(), 1u);
}

TEST(IdleMode, bulk_survives_the_end_of_the_master_and_may_be_put_off) {
  BareMaster master;
  submit(master, "a");
  PeerId peer = master.join(hello_in(Mode::kIdle));
  take_offers(master, peer);
  auto bulks = master.bulks(peer);
  ASSERT_EQ(bulks.size(), 1u);
  master.restart();
  peer = master.join(hello_in(Mode::kIdle));
  bulks = master.bulks(peer);
  ASSERT_EQ(bulks.size(), 1u);
  master.tell(peer, Finish{bulks.front().seq, Outcome::kFailed, "no room", {}, 0, 5000, 1});
  EXPECT_TRUE(master.bulks(peer).empty());
  EXPECT_FALSE(is_idle(master));
  master.pass(milliseconds(5100));
  bulks = master.bulks(peer);
  ASSERT_EQ(bulks.size(), 1u);
  master.tell(peer, Finish{bulks.front().seq, Outcome::kFailed, "no room", {}, 0, 5000, 1});
  EXPECT_TRUE(is_idle(master));
  EXPECT_EQ(consumer_of(master).count(Outcome::kFailed), 1u);
}

TEST(IdleMode, what_the_agent_made_itself_is_not_given_to_it) {
  BareMaster master;
  Hello hello = hello_in(Mode::kIdle);
  hello.objects_only = false;
  PeerId peer = master.join(hello);
  submit(master, "a");
  take_offers(master, peer);
  auto bulks = master.bulks(peer);
  ASSERT_EQ(bulks.size(), 1u);
  auto records = std::get<Items>(master.ask(peer, ListBulk{})).records;
  Finish finish{bulks.front().seq, Outcome::kDone, {}, {}};
  NewDescriptor child;
  child.descriptor = make_child(records.front().descriptor, "gather", "/count", Value::of("1"), Kind::kText);
  finish.children.push_back(child);
  master.tell(peer, finish);
  EXPECT_TRUE(master.tasks(peer).empty());
  EXPECT_TRUE(is_idle(master));
}

TEST(CompleteMode, consumer_is_given_what_it_collected_of_a_submission_and_again_what_is_added) {
  BareMaster master;
  PeerId peer = master.join(hello_in(Mode::kComplete));
  PeerId hasher = join_objects_consumer(master, "hasher", 4);
  PeerId inject = master.join(Role::kProducer, "inject");
  SubmissionId busy = master.open(inject, "never ends");
  SubmissionId submission = submit(master, "a");
  take_offers(master, peer);
  EXPECT_TRUE(master.bulks(peer).empty()) << "the hasher is not through";
  handle_all(master, hasher);
  auto bulks = master.bulks(peer);
  ASSERT_EQ(bulks.size(), 1u);
  EXPECT_EQ(bulks.front().submission, submission);
  EXPECT_FALSE(is_complete(master, submission)) << "what the bulk brings belongs to it";
  master.tell(peer, Finish{bulks.front().seq, Outcome::kDone, {}, {}});
  EXPECT_TRUE(is_complete(master, submission));
  EXPECT_FALSE(is_complete(master, busy));
  EXPECT_FALSE(is_idle(master));
}

TEST(CompleteMode, many_submissions_get_their_turns) {
  BareMaster master;
  PeerId peer = master.join(hello_in(Mode::kComplete));
  std::vector<SubmissionId> submissions;
  for (int i = 0; i < 50; i++) submissions.push_back(submit(master, "file " + std::to_string(i)));
  EXPECT_EQ(take_offers(master, peer), 50u);
  std::set<SubmissionId> done;
  while (true) {
    auto bulks = master.bulks(peer);
    if (bulks.empty()) break;
    for (const BulkTask& bulk : bulks) {
      done.insert(bulk.submission);
      master.tell(peer, Finish{bulk.seq, Outcome::kDone, {}, {}});
    }
  }
  EXPECT_EQ(done, (std::set<SubmissionId>(submissions.begin(), submissions.end())));
  EXPECT_TRUE(is_idle(master));
}

TEST(ModeChange, hands_out_what_was_collected) {
  BareMaster master;
  PeerId peer = master.join(hello_in(Mode::kInteractive));
  submit(master, "a");
  submit(master, "b");
  take_offers(master, peer);
  PeerId admin = master.join(Role::kClient, "admin");
  EXPECT_TRUE(std::holds_alternative<Done>(master.ask(admin, SetMode{"gather", Mode::kIdle})));
  auto bulks = master.bulks(peer);
  ASSERT_EQ(bulks.size(), 1u);
  EXPECT_EQ(bulks.front().count, 2u);
  EXPECT_TRUE(std::holds_alternative<Done>(master.ask(admin, SetMode{"gather", Mode::kAutomatic})));
  master.tell(peer, Finish{bulks.front().seq, Outcome::kFailed, "interrupted", {}, 0, 1, 3});
  master.pass(milliseconds(10));
  auto tasks = master.tasks(peer);
  ASSERT_EQ(tasks.size(), 2u);
  EXPECT_FALSE(tasks.front().is_offer);
}

TEST(ModeChange, outlives_reconnects_but_not_a_start_with_another_mode) {
  BareMaster master;
  Hello hello = hello_in(Mode::kInteractive);
  PeerId peer = master.join(hello);
  PeerId admin = master.join(Role::kClient, "admin");
  master.ask(admin, SetMode{"gather", Mode::kIdle});
  hello.token = master.token_of(peer);
  master.restart();
  peer = master.join(hello);
  EXPECT_EQ(consumer_of(master).mode, Mode::kIdle);
  master.tell(peer, Goodbye{});
  hello.token = 0;
  hello.mode.reset();
  peer = master.join(hello);
  EXPECT_EQ(consumer_of(master).mode, Mode::kIdle);
  hello.mode = Mode::kAutomatic;
  master.join(hello);
  EXPECT_EQ(consumer_of(master).mode, Mode::kAutomatic);
}

TEST(ModeChange, is_refused_for_a_mode_that_the_agent_does_not_have) {
  BareMaster master;
  join_objects_consumer(master, "hasher");
  PeerId admin = master.join(Role::kClient, "admin");
  EXPECT_EQ(refusal(master.ask(admin, SetMode{"hasher", Mode::kIdle})), Code::kInvalid);
  EXPECT_EQ(refusal(master.ask(admin, SetMode{"nobody", Mode::kIdle})), Code::kNotFound);
  Hello hello = hello_in(Mode::kIdle);
  hello.modes = {Mode::kAutomatic};
  EXPECT_THROW(master.join(hello), std::runtime_error);
}

TEST(State, is_stored_with_the_end_of_a_task) {
  BareMaster master;
  PeerId peer = join_objects_consumer(master, "counter");
  EXPECT_EQ(std::get<State>(master.ask(peer, GetState{})).state.version, 0u);
  submit(master, "a");
  Finish finish{master.tasks(peer).front().record.seq, Outcome::kDone, {}, {}};
  finish.state = AgentState{2, "one file"};
  master.tell(peer, finish);
  finish.state = AgentState{2, "a claim that is over"};
  master.tell(peer, finish);
  master.restart();
  peer = join_objects_consumer(master, "counter");
  AgentState state = std::get<State>(master.ask(peer, GetState{})).state;
  EXPECT_EQ(state.version, 2u);
  EXPECT_EQ(state.bytes, "one file");
  EXPECT_EQ(refusal(master.ask(master.join(Role::kClient, "ls"), GetState{})), Code::kInvalid);
}

}  // namespace
}  // namespace rebus::rules_modes_test
