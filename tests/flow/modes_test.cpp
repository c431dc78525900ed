// When agents work, in which sets, and what they keep: the same on every bus and every storage.
#include <set>

#include "tests/support/any_bus.h"

namespace rebus::modes_test {
namespace {

using Modes = OnEveryBus;
using Running = RunningAgent;

Options in_mode(const std::string& mode) {
  Options options;
  options.set("mode", {mode});
  return options;
}

Options asking(std::vector<std::string> arguments, const std::string& flag) {
  Options options = with_arguments(std::move(arguments));
  options.set(flag, {});
  return options;
}

TEST_P(Modes, interactive_agent_works_when_it_is_asked) {
  AnyBus bus(GetParam(), folder_);
  Running hasher(bus, agent("hasher"), in_mode("interactive"), out_);
  Running inject(bus, agent("inject"), with_arguments({"/bin/ls", "/bin/cat"}), out_);
  inject.wait();
  Recorder before, after;
  Running(bus, agent("return"), printing("md5_hash"), before).wait();
  EXPECT_TRUE(before.lines().empty());
  Running(bus, agent("request_processing"), asking({"default", "/binary", "hasher"}, "prefix"), out_).wait();
  Running(bus, agent("return"), printing("md5_hash"), after).wait();
  EXPECT_EQ(after.lines().size(), 2u);
  EXPECT_EQ(hasher.counts().taken, 2u);
}

TEST_P(Modes, idle_agent_is_given_everything_and_later_what_came_since) {
  AnyBus bus(GetParam(), folder_);
  Running ls_idle(bus, agent("ls_idle"), {}, out_);
  Running(bus, agent("inject"), with_arguments({"/bin/ls"}), out_).wait();
  ASSERT_TRUE(join_client(bus)->wait_idle().ok());
  EXPECT_EQ(out_.lines().size(), 2u) << "the file and the note of its submission";
  Running(bus, agent("inject"), with_arguments({"/bin/cat"}), out_).wait();
  ASSERT_TRUE(join_client(bus)->wait_idle().ok());
  auto lines = out_.lines();
  EXPECT_EQ(lines.size(), 4u);
  EXPECT_EQ(std::set<std::string>(lines.begin(), lines.end()).size(), 4u);
}

// Sums up a submission when it is complete.
class Summary final : public Agent {
 public:
  Result<void> bulk_process(BulkWork& work) override {
    std::string text;
    std::optional<Record> last;
    auto listed = work.for_each([&](Record& record) {
      auto value = record.descriptor.value.load(1000);
      text += value ? *value + "\n" : value.error().message;
      last = record;
      return true;
    });
    if (!listed) return listed;
    NewDescriptor item;
    item.descriptor = make_child(last->descriptor, "summary", "/summary", Value::of(text), Kind::kText);
    return work.push(std::move(item));
  }
};

const AgentSpec kSummary = {
    .name = "summary",
    .prefixes = {"/md5_hash"},
    .modes = {Mode::kComplete},
    .make = [](const Setting&) -> std::unique_ptr<Agent> { return std::make_unique<Summary>(); },
};

TEST_P(Modes, agent_in_complete_mode_gets_a_submission_with_all_its_results) {
  AnyBus bus(GetParam(), folder_);
  Running hasher(bus, agent("hasher"), {}, out_), summary(bus, kSummary, {}, out_);
  Running inject(bus, agent("inject"), with_arguments({"/bin/ls", "/bin/cat"}), out_);
  inject.wait();
  auto status = join_client(bus)->submission(out_.submission(), true);
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->submission.results, 3u) << "complete includes the summary";
  Find summaries;
  summaries.by = By::kPrefix;
  summaries.text = "/summary";
  auto client = join_client(bus);
  auto found = client->find(summaries);
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->records.size(), 1u);
  auto text = found->records.front().descriptor.value.load(1000);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(std::count(text->begin(), text->end(), '\n'), 2);
}

// Needs a file and its hash; takes its type words as well, if they come.
class Pairing final : public Agent {
 public:
  Result<void> process(Work& work) override {
    std::string text = work.slot("hash") != nullptr ? "hash" : "no hash";
    text += work.slot("type") != nullptr ? " and type" : "";
    text += work.slot("file")->descriptor.is_object() ? " of a file" : "";
    return work.push("/pair", text, Kind::kText);
  }
};

const AgentSpec kPairing = {
    .name = "pairing",
    .prefixes = {"/binary", "/md5_hash", "/file_id"},
    .slots = {{"file", "/binary"}, {"hash", "/md5_hash"}, {"type", "/file_id", true}},
    .make = [](const Setting&) -> std::unique_ptr<Agent> { return std::make_unique<Pairing>(); },
};

TEST_P(Modes, slots_are_filled_from_one_analysis_and_a_late_optional_one_runs_again) {
  AnyBus bus(GetParam(), folder_);
  Options raw = with_arguments({"/pair"});
  raw.set("short", {});
  Running(bus, agent("inject"), with_arguments({"/bin/ls", "/bin/cat"}), out_).wait();
  Running pairing(bus, kPairing, {}, out_);
  ASSERT_TRUE(join_client(bus)->wait_idle().ok());
  Recorder none, first, second;
  Running(bus, agent("return"), raw, none).wait();
  EXPECT_TRUE(none.lines().empty());
  Running hasher(bus, agent("hasher"), {}, out_);
  Running(bus, agent("return"), raw, first).wait();
  EXPECT_EQ(first.lines(), (std::vector<std::string>{"cat = hash of a file", "ls = hash of a file"}));
  Running file_id(bus, agent("file_id"), {}, out_);
  Running(bus, agent("return"), raw, second).wait();
  EXPECT_EQ(second.lines(),
            (std::vector<std::string>{"cat = hash and type of a file", "cat = hash of a file",
                                      "ls = hash and type of a file", "ls = hash of a file"}));
}

// Numbers the files that it sees.
class Counter final : public Agent {
 public:
  Result<void> restore(const AgentState& state) override {
    if (state.version > 1) return Error{Code::kInvalid, "kept by a later version"};
    count_ = state.version == 0 ? 0 : std::stoi(state.bytes);
    return {};
  }
  Result<void> process(Work& work) override {
    auto kept = work.keep(1, std::to_string(++count_));
    return kept ? work.push("/number", std::to_string(count_), Kind::kText) : kept;
  }

 private:
  int count_ = 0;
};

const AgentSpec kCounter = {
    .name = "counter",
    .prefixes = {"/binary"},
    .objects_only = true,
    .keeps_state = true,
    .make = [](const Setting&) -> std::unique_ptr<Agent> { return std::make_unique<Counter>(); },
};

TEST_P(Modes, agent_finds_what_it_kept_when_it_is_started_again) {
  AnyBus bus(GetParam(), folder_);
  for (const char* file : {"/bin/ls", "/bin/cat", "/bin/cp"}) {
    Running counter(bus, kCounter, {}, out_);
    Running(bus, agent("inject"), with_arguments({file}), out_).wait();
    ASSERT_TRUE(join_client(bus)->wait_idle().ok());
  }
  Recorder out;
  Running(bus, agent("return"), printing("/number"), out).wait();
  EXPECT_EQ(out.lines(), (std::vector<std::string>{"cat = 2", "cp = 3", "ls = 1"}));
}

INSTANTIATE_TEST_SUITE_P(everywhere, Modes, every_bus(), name_of_bus);

}  // namespace
}  // namespace rebus::modes_test
