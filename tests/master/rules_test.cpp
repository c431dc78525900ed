// What the master decides, message by message.
#include <gtest/gtest.h>

#include <set>

#include "tests/support/bare_master.h"

namespace rebus {
namespace {

Code refusal(const Body& answer) {
  const auto* failure = std::get_if<Failure>(&answer);
  return failure == nullptr ? Code{} : failure->code;
}

bool is_stored(const Body& answer) { return std::holds_alternative<Pushed>(answer); }

// Handles all tasks of a consumer, in the order in which they come; gives their labels.
std::vector<std::string> handle_all(BareMaster& master, PeerId consumer) {
  std::vector<std::string> labels;
  for (auto tasks = master.tasks(consumer); !tasks.empty(); tasks = master.tasks(consumer)) {
    for (Task& task : tasks) {
      labels.push_back(task.record.descriptor.label);
      master.tell(consumer, Finish{task.record.seq, Outcome::kDone, {}, {}});
    }
  }
  return labels;
}

PeerId join_objects_consumer(BareMaster& master, const std::string& agent, uint32_t credit = 1) {
  Hello hello;
  hello.role = Role::kConsumer;
  hello.agent = agent;
  hello.objects_only = true;
  hello.credit = credit;
  return master.join(hello);
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

// A member of `container` with its own bytes.
Body extract(BareMaster& master, PeerId agent, const Descriptor& container, int ordinal) {
  std::string name = "member" + std::to_string(ordinal);
  Descriptor member = make_object(Domain(), "/binary/elf", name, Value::of(name), "unarchive");
  return master.push(agent, member, 0, OriginClaim{container.selector, name, uint64_t(ordinal)});
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

Hello consumer_hello(const std::string& prefix, const std::string& domain = "default") {
  Hello hello;
  hello.role = Role::kConsumer;
  hello.agent = "hasher";
  hello.domain = *Domain::parse(domain);
  hello.prefixes = {prefix};
  hello.objects_only = true;
  hello.credit = 4;
  return hello;
}

TEST(Consumer, of_another_domain_is_another_one) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject");
  PeerId lab = master.join(consumer_hello("/", "lab"));
  master.inject(inject, master.open(inject, "s"), "a");
  EXPECT_EQ(handle_all(master, lab), std::vector<std::string>());
  master.leave(lab);
  PeerId all = master.join(consumer_hello("/"));
  EXPECT_EQ(handle_all(master, all), std::vector<std::string>{"a"});
}

TEST(Consumer, is_not_joined_by_one_that_takes_other_things) {
  BareMaster master;
  master.join(consumer_hello("/binary"));
  EXPECT_THROW(master.join(consumer_hello("/text")), std::runtime_error);
  EXPECT_NO_THROW(master.join(consumer_hello("/binary")));
}

TEST(Consumer, that_comes_back_and_takes_more_is_given_what_it_passed_by_and_no_more) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject");
  SubmissionId submission = master.open(inject, "s");
  master.inject(inject, submission, "a");
  master.push(inject, make_object(Domain(), "/text/ascii", "t", Value::of("t"), "inject"), submission,
              OriginClaim{{}, "t", 1});
  PeerId narrow = master.join(consumer_hello("/binary"));
  EXPECT_EQ(handle_all(master, narrow), std::vector<std::string>{"a"});
  master.leave(narrow);
  PeerId wide = master.join(consumer_hello("/"));
  EXPECT_EQ(handle_all(master, wide), std::vector<std::string>{"t"});
}

TEST(Consumer, is_given_only_what_its_regex_matches) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject");
  Hello hello = consumer_hello("/");
  hello.selector_regex = "^/nothing";
  PeerId choosy = master.join(hello);
  SubmissionId submission = master.open(inject, "s");
  master.inject(inject, submission, "a");
  master.close(inject, submission);
  EXPECT_EQ(handle_all(master, choosy), std::vector<std::string>());
  uint64_t idle = master.start_asking(inject, WaitIdle{});
  EXPECT_TRUE(master.has_answer(idle));
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

TEST(Status, of_many_consumers_comes_in_pages) {
  BareMaster master;
  constexpr size_t kMany = 300;
  for (size_t i = 0; i < kMany; i++) {
    Hello hello = consumer_hello("/");
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

TEST(Uploads, of_one_session_do_not_take_the_place_of_others) {
  BareMaster master;
  std::vector<PeerId> greedy;
  for (int i = 0; i < 8; i++) greedy.push_back(master.join(Role::kProducer, "greedy"));
  PeerId modest = master.join(Role::kProducer, "modest");
  master.ask(modest, ValueAppend{1, 0, "begin"});
  for (uint64_t upload = 1; upload < 200; upload++) {
    for (PeerId peer : greedy) master.ask(peer, ValueAppend{upload, 0, "x"});
  }
  EXPECT_TRUE(std::holds_alternative<Done>(master.ask(modest, ValueAppend{1, 5, "end"})));
  EXPECT_EQ(refusal(master.ask(greedy[0], ValueAppend{1, 1, "x"})), Code::kUnavailable);
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

bool is_complete(BareMaster& master, SubmissionId submission) {
  PeerId client = master.join(Role::kClient, "tree");
  return std::get<SubmissionStatus>(master.ask(client, GetSubmission{submission, false})).complete;
}

TEST(Restart, waits_for_the_consumers_that_were_there) {
  BareMaster master;
  PeerId inject = master.join(Role::kProducer, "inject");
  join_objects_consumer(master, "hasher");
  SubmissionId submission = master.open(inject, "s");
  master.inject(inject, submission, "a");
  master.close(inject, submission);
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
  PeerId inject = master.join(Role::kProducer, "inject");
  PeerId hasher = join_objects_consumer(master, "hasher");
  SubmissionId submission = master.open(inject, "s");
  master.inject(inject, submission, "a");
  master.close(inject, submission);
  master.leave(hasher);
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
