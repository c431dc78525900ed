// What the master does with what is pushed.
#include <gtest/gtest.h>

#include "tests/support/bare_master.h"

namespace rebus::rules_injection_test {
namespace {

bool is_stored(const Body& answer) { return std::holds_alternative<Pushed>(answer); }

// A member of `container` with its own bytes.
Body extract(BareMaster& master, PeerId agent, const Descriptor& container, int ordinal) {
  std::string name = "member" + std::to_string(ordinal);
  Descriptor member = make_object(Domain(), "/binary/elf", name, Value::of(name), "unarchive");
  return master.push(agent, member, 0, OriginClaim{container.selector, name, uint64_t(ordinal)});
}

TEST(Push, is_idempotent) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject");
  SubmissionId submission = master.open(inject, "s");
  Descriptor d = master.inject(inject, submission, "a");
  Body again = master.push(inject, d, submission, OriginClaim{{}, "a", 0});
  EXPECT_FALSE(std::get<Pushed>(again).fresh);
  EXPECT_EQ(master.storage().origins_of(std::get<Pushed>(again).seq, 0, 10)->size(), 1u);
}

TEST(Push, of_fifty_sessions_at_once_is_stored_once_and_handed_out_once) {
  BareMaster master;
  PeerId first = join_objects_consumer(master, "hasher", 100),
         second = join_objects_consumer(master, "other", 100);
  std::set<Seq> seqs;
  for (int session = 0; session < 50; session++) {
    PeerId inject = master.join(Role::kProducer, "inject");
    SubmissionId submission = master.open(inject, "s" + std::to_string(session));
    for (int repeat = 0; repeat < 20; repeat++) {
      auto d = make_object(Domain(), "/binary/elf", "a", Value::of("a"), "inject");
      Body answer = master.push(inject, d, submission, OriginClaim{{}, "a"});
      seqs.insert(std::get<Pushed>(answer).seq);
    }
  }
  EXPECT_EQ(seqs.size(), 1u);
  EXPECT_EQ(master.tasks(first).size(), 1u);
  EXPECT_EQ(master.tasks(second).size(), 1u);
  EXPECT_EQ(master.storage().find_prefix({}, "/binary", 0, 100)->seqs.size(), 1u);
}

// --- with results ---

// A member of an injected container, and its links.
class PushWithResults : public testing::Test {
 protected:
  PushWithResults() {
    PeerId inject = master_.join(Role::kProducer, "inject");
    container_ = master_.inject(inject, master_.open(inject, "s"), "a");
    push_.item.descriptor = make_object(Domain(), "/binary/elf", "b", Value::of("b"), "unarchive");
    push_.item.origin = OriginClaim{container_.selector, "b", 1};
    auto [down, up] = make_links(container_, push_.item.descriptor, "unarchive", {"archive", "in it", false});
    for (Descriptor* link : {&down, &up}) push_.results.push_back({*link, {}, 0});
  }
  size_t count(const std::string& prefix) {
    return master_.storage().find_prefix({}, prefix, 0, 1000)->seqs.size();
  }

  BareMaster master_;
  PeerId unarchive_ = master_.join(Role::kProducer, "unarchive");
  Descriptor container_;
  Push push_;
};

TEST_F(PushWithResults, is_answered_for_its_item_and_stored_as_one_step) {
  const Seq head = master_.storage().statistics().head;
  Body answer = master_.ask(unarchive_, push_);
  ASSERT_TRUE(is_stored(answer));
  EXPECT_EQ(std::get<Pushed>(answer).seq, head + 1);
  EXPECT_TRUE(std::get<Pushed>(answer).fresh);
  EXPECT_EQ(count("/link"), 2u);
  EXPECT_EQ(master_.storage().children(head + 1, 0, 10)->seqs, (std::vector<Seq>{head + 2, head + 3}));
}

TEST_F(PushWithResults, is_idempotent) {
  master_.ask(unarchive_, push_);
  Body again = master_.ask(unarchive_, push_);
  EXPECT_FALSE(std::get<Pushed>(again).fresh);
  EXPECT_EQ(count("/link"), 2u);
}

TEST_F(PushWithResults, stores_nothing_if_one_is_false) {
  push_.results[1].descriptor.value = Value::of("another");
  EXPECT_EQ(refusal(master_.ask(unarchive_, push_)), Code::kConflict);
  EXPECT_EQ(count("/link"), 0u);
  EXPECT_EQ(count("/binary"), 1u);  // the container
}

TEST_F(PushWithResults, takes_none_that_was_uploaded) {
  push_.results[0].upload = 1;
  EXPECT_EQ(refusal(master_.ask(unarchive_, push_)), Code::kInvalid);
  EXPECT_EQ(count("/binary"), 1u);
}

TEST_F(PushWithResults, leaves_them_if_its_item_is_over_a_limit) {
  Descriptor parent = container_;
  for (int level = 1; count("/limit") == 0; level++) {
    ASSERT_LT(level, 1000);
    const std::string name = "level " + std::to_string(level);
    Push push;
    push.item.descriptor = make_object(Domain(), "/binary/elf", name, Value::of(name), "unarchive");
    push.item.origin = OriginClaim{parent.selector, name, 1};
    auto [down, up] = make_links(parent, push.item.descriptor, "unarchive", {"archive", "in it", false});
    push.results = {{down, {}, 0}, {up, {}, 0}};
    parent = push.item.descriptor;
    Body answer = master_.ask(unarchive_, push);
    if (count("/limit") == 0) {
      EXPECT_TRUE(is_stored(answer));
    } else {
      EXPECT_EQ(refusal(answer), Code::kLimit);
      EXPECT_EQ(count("/link"), 2u * static_cast<size_t>(level - 1));
    }
  }
}

TEST(Push, keeps_each_name_of_equal_bytes) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject");
  SubmissionId submission = master.open(inject, "s");
  Descriptor d = master.inject(inject, submission, "a");
  Body again = master.push(inject, d, submission, OriginClaim{{}, "b", 1});
  EXPECT_EQ(master.storage().origins_of(std::get<Pushed>(again).seq, 0, 10)->size(), 2u);
}

TEST(Push, is_refused_if_the_identity_does_not_fit) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject");
  SubmissionId submission = master.open(inject, "s");
  Descriptor d = make_object(Domain(), "/binary/elf", "a", Value::of("a"), "inject");
  d.value = Value::of("other bytes");
  EXPECT_EQ(refusal(master.push(inject, d, submission, OriginClaim{{}, "a", 0})), Code::kConflict);
}

TEST(Push, is_refused_without_its_parent) {
  BareMaster master;
  PeerId hasher = master.join(Role::kConsumer, "hasher");
  Descriptor unknown = make_object(Domain(), "/binary/elf", "a", Value::of("a"), "inject");
  EXPECT_EQ(refusal(master.push(hasher, make_child(unknown, "hasher", "/md5", Value::of("x")))),
            Code::kNotFound);
}

TEST(Push, crosses_no_domain) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject");
  Descriptor d = master.inject(inject, master.open(inject, "s"), "a");
  Descriptor child = make_child(d, "inject", "/md5", Value::of("x"));
  child.domain = *Domain::parse("elsewhere");
  EXPECT_EQ(refusal(master.push(inject, child)), Code::kNotFound);
}

TEST(Push, of_an_object_needs_an_origin) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject");
  SubmissionId submission = master.open(inject, "s");
  Descriptor d = make_object(Domain(), "/binary/elf", "a", Value::of("a"), "inject");
  EXPECT_EQ(refusal(master.push(inject, d, submission)), Code::kInvalid);
}

TEST(Push, stamps_the_name_of_the_session) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject");
  Descriptor d = master.inject(inject, master.open(inject, "s"), "a");
  PeerId liar = master.join(Role::kConsumer, "liar");
  EXPECT_EQ(refusal(master.push(liar, make_child(d, "antivirus", "/verdict", Value::of("clean")))),
            Code::kConflict);
}

// The original walked all ancestors again for each way to them: 2^60 here.
TEST(Loop, rule_costs_the_same_on_diamonds) {
  BareMaster master;
  PeerId agent = master.join(Role::kProducer, "agent");
  Descriptor root = master.inject(agent, master.open(agent, "s"), "a");
  Descriptor left = root, right = root;
  for (int layer = 0; layer < 60; layer++) {
    std::string path = "/layer" + std::to_string(layer);
    Descriptor below_left = make_child(left, "agent", path, Value::of("left"));
    below_left.precursors = {left.selector, right.selector};
    below_left.selector = Selector::of(path, identity(below_left));
    Descriptor below_right = make_child(left, "agent", path, Value::of("right"));
    below_right.precursors = {left.selector, right.selector};
    below_right.selector = Selector::of(path, identity(below_right));
    if (layer == 0) below_left.precursors.pop_back(), below_right.precursors.pop_back();
    below_left.selector = Selector::of(path, identity(below_left));
    below_right.selector = Selector::of(path, identity(below_right));
    ASSERT_TRUE(is_stored(master.push(agent, below_left)));
    ASSERT_TRUE(is_stored(master.push(agent, below_right)));
    left = below_left, right = below_right;
  }
}

TEST(Loop, of_two_agents_ends_with_a_visible_limit) {
  BareMaster master;
  PeerId agent = master.join(Role::kProducer, "agent");
  Descriptor d = master.inject(agent, master.open(agent, "s"), "a");
  int stored = 0;
  Body answer;
  do {
    d = make_child(d, "agent", stored % 2 == 0 ? "/ping" : "/pong", Value::of("x"));
    answer = master.push(agent, d);
    stored += is_stored(answer) ? 1 : 0;
  } while (is_stored(answer) && stored < 100);
  EXPECT_EQ(refusal(answer), Code::kLoop);
  EXPECT_EQ(stored, 6);  // three of each
  EXPECT_EQ(master.storage().find_prefix({}, "/limit/loop", 0, 10)->seqs.size(), 1u);
}

TEST(Depth, ends_at_64_derivations) {
  BareMaster master;
  PeerId agent = master.join(Role::kProducer, "agent");
  Descriptor d = master.inject(agent, master.open(agent, "s"), "a");
  int stored = 0;
  Body answer;
  do {
    d = make_child(d, "agent", "/step" + std::to_string(stored), Value::of("x"));
    answer = master.push(agent, d);
    stored += is_stored(answer) ? 1 : 0;
  } while (is_stored(answer) && stored < 100);
  EXPECT_EQ(refusal(answer), Code::kLimit);
  EXPECT_EQ(stored, 64);
  EXPECT_EQ(master.storage().find_prefix({}, "/limit/depth", 0, 10)->seqs.size(), 1u);
}

TEST(Budget, counts_files_and_not_results) {
  MasterOptions options;
  options.limits.submission_files = 3;
  BareMaster master(options);
  PeerId unarchive = master.join(Role::kProducer, "unarchive");
  Descriptor archive = master.inject(unarchive, master.open(unarchive, "s"), "a");
  for (int i = 0; i < 3; i++) EXPECT_TRUE(is_stored(extract(master, unarchive, archive, i)));
  for (int i = 0; i < 9; i++) {
    Descriptor result = make_child(archive, "unarchive", "/note", Value::of(std::to_string(i)));
    EXPECT_TRUE(is_stored(master.push(unarchive, result)));
  }
  EXPECT_TRUE(is_stored(extract(master, unarchive, archive, 2)));  // known: costs nothing
  EXPECT_EQ(refusal(extract(master, unarchive, archive, 3)), Code::kLimit);
  EXPECT_EQ(master.storage().find_prefix({}, "/limit/submission", 0, 10)->seqs.size(), 1u);
}

TEST(Submission, belongs_to_the_session_that_opened_it) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject"), other = master.join(Role::kProducer, "other");
  SubmissionId submission = master.open(inject, "s");
  EXPECT_EQ(refusal(master.ask(other, CloseSubmission{submission})), Code::kInvalid);
  Descriptor d = make_object(Domain(), "/binary/elf", "a", Value::of("a"), "other");
  EXPECT_EQ(refusal(master.push(other, d, submission, OriginClaim{{}, "a", 0})), Code::kInvalid);
  master.close(inject, submission);
  EXPECT_TRUE(std::holds_alternative<Done>(master.ask(inject, CloseSubmission{submission}))) << "a repeat";
}

TEST(Submission, goes_on_after_a_restart_of_the_master_for_clients_that_inject_too) {
  for (Role role : {Role::kProducer, Role::kClient}) {
    BareMaster master;
    SubmissionId submission = master.open(master.join(role, "watch"), "s");
    master.restart();
    Hello again;
    again.role = role;
    again.agent = "watch";
    again.token = 1;
    again.submission = submission;
    PeerId back = master.join(again);
    Descriptor d = make_object(Domain(), "/binary/elf", "a", Value::of("a"), "watch");
    EXPECT_TRUE(std::holds_alternative<Pushed>(master.push(back, d, submission, OriginClaim{{}, "a", 0})));
    EXPECT_TRUE(std::holds_alternative<Done>(master.ask(back, CloseSubmission{submission})));
    EXPECT_FALSE(master.storage().submission(submission)->open);
  }
}

TEST(Uploads, under_way_are_bounded_and_the_greediest_gives_way) {
  BareMaster master;
  constexpr uint64_t kEach = 100;
  std::vector<PeerId> greedy;
  for (int i = 0; i < 8; i++) greedy.push_back(master.join(Role::kProducer, "greedy"));
  PeerId modest = master.join(Role::kProducer, "modest");
  master.ask(modest, ValueAppend{1, 0, "begin"});
  for (uint64_t upload = 1; upload <= kEach; upload++) {
    for (PeerId peer : greedy) master.ask(peer, ValueAppend{upload, 0, "x"});
  }
  size_t alive = 0;
  for (uint64_t upload = 1; upload <= kEach; upload++) {
    for (PeerId peer : greedy) {
      alive += std::holds_alternative<Done>(master.ask(peer, ValueAppend{upload, 1, "x"})) ? 1 : 0;
    }
  }
  EXPECT_EQ(alive, 511u) << "512 with the one of the modest";
  EXPECT_TRUE(std::holds_alternative<Done>(master.ask(modest, ValueAppend{1, 5, "end"})));
}

TEST(Uploads, of_one_session_are_bounded) {
  BareMaster master;
  PeerId peer = master.join(Role::kProducer, "greedy");
  for (uint64_t upload = 1; upload <= 200; upload++) master.ask(peer, ValueAppend{upload, 0, "x"});
  EXPECT_EQ(refusal(master.ask(peer, ValueAppend{1, 1, "x"})), Code::kUnavailable);
  EXPECT_TRUE(std::holds_alternative<Done>(master.ask(peer, ValueAppend{200, 1, "x"})));
}

TEST(Submission, whose_injection_ended_before_it_said_so_is_cut) {
  BareMaster master;
  auto begin = [&](PeerId inject, const std::string& name) {
    SubmissionId id = master.open(inject, name);
    master.inject(inject, id, name);
    return id;
  };
  auto is_cut = [&](SubmissionId id) { return master.storage().submission(id)->cut; };
  PeerId inject = master.join(Role::kProducer, "inject");
  SubmissionId whole = begin(inject, "whole"), lost = begin(inject, "lost");
  master.close(inject, whole);
  master.leave(inject);
  EXPECT_FALSE(is_cut(whole));
  EXPECT_TRUE(is_cut(lost));
  SubmissionId orphan = begin(master.join(Role::kProducer, "inject"), "orphan");
  master.restart();
  master.pass(std::chrono::seconds(20));
  EXPECT_FALSE(master.storage().submission(orphan)->open);
  EXPECT_TRUE(is_cut(orphan));
}

}  // namespace
}  // namespace rebus::rules_injection_test
