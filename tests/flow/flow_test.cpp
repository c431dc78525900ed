// One story, every bus and every storage: agents cannot tell, and the answers are the same.
#include <latch>
#include <limits>
#include <set>

#include "tests/support/any_bus.h"
#include "tests/support/archive_maker.h"

namespace rebus::flow_test {
namespace {

using Flow = OnEveryBus;
using Running = RunningAgent;

TEST_P(Flow, main_job_prints_a_line_for_each_name) {
  std::string inner =
      make_archive("zip", "none", {{"deep/ls", file_bytes("/bin/ls")}, {"copy", file_bytes("/bin/cat")}});
  std::string archive = folder_.write(
      "apt1.tgz", make_archive("ustar", "gzip", {{"cat", file_bytes("/bin/cat")}, {"inner.zip", inner}}));
  AnyBus bus(GetParam(), folder_);
  Running hasher(bus, agent("hasher"), {}, out_), unarchive(bus, agent("unarchive"), {}, out_);
  Running inject(bus, agent("inject"), with_arguments({archive, "/bin/ls"}), out_);
  Running reader(bus, agent("return"), printing("md5_hash"), out_);
  inject.wait();
  reader.wait();
  std::string cat = folder_.run("md5sum < /bin/cat | cut -c1-32 | tr -d '\\n'");
  std::string ls = folder_.run("md5sum < /bin/ls | cut -c1-32 | tr -d '\\n'");
  EXPECT_EQ(out_.lines(),
            (std::vector<std::string>{"apt1.tgz:cat = " + cat, "apt1.tgz:inner.zip:copy = " + cat,
                                      "apt1.tgz:inner.zip:deep/ls = " + ls, "ls = " + ls}));
}

TEST_P(Flow, reader_that_comes_late_prints_the_same) {
  AnyBus bus(GetParam(), folder_);
  std::string copy = folder_.write("copy", file_bytes("/bin/ls"));
  Running hasher(bus, agent("hasher"), {}, out_);
  Running inject(bus, agent("inject"), with_arguments({"/bin/ls", copy}), out_);
  Recorder early, late;
  Running first(bus, agent("return"), printing("md5_hash"), early);
  inject.wait();
  first.wait();
  Running second(bus, agent("return"), printing("md5_hash"), late);
  second.wait();
  EXPECT_EQ(early.lines(), late.lines());
  EXPECT_EQ(late.lines().size(), 2u);
}

TEST_P(Flow, consumer_that_joins_late_handles_all_that_is_stored) {
  AnyBus bus(GetParam(), folder_);
  {
    Running inject(bus, agent("inject"), with_arguments({"/bin/ls", "/bin/cat"}), out_);
    inject.wait();
  }
  Running hasher(bus, agent("hasher"), {}, out_);
  Running reader(bus, agent("return"), printing("md5_hash"), out_);
  reader.wait();
  EXPECT_EQ(out_.lines().size(), 2u);
}

// Both instances must hold a file at the same time once, so that none can do all the work alone.
std::latch* both_at_work = nullptr;

class Together final : public Agent {
 public:
  Result<void> process(Work& work) override {
    if (!met_) both_at_work->arrive_and_wait();
    met_ = true;
    return work.push("/handled", "x", rebus::Kind::kText);
  }

 private:
  bool met_ = false;
};

const AgentSpec kTogether = {
    .name = "together",
    .prefixes = {"/text"},
    .objects_only = true,
    .make = [](const Setting&) -> std::unique_ptr<Agent> { return std::make_unique<Together>(); },
};

TEST_P(Flow, two_instances_share_the_work) {
  constexpr size_t kFiles = 400;
  std::vector<std::string> files;
  for (size_t i = 0; i < kFiles; i++) {
    files.push_back(folder_.write("f" + std::to_string(i), "text number " + std::to_string(i) + "\n"));
  }
  std::latch latch(2);
  both_at_work = &latch;
  AnyBus bus(GetParam(), folder_);
  Running first(bus, kTogether, {}, out_), second(bus, kTogether, {}, out_);
  Running inject(bus, agent("inject"), with_arguments(files), out_);
  Running reader(bus, agent("return"), printing("/handled"), out_);
  inject.wait();
  reader.wait();
  EXPECT_EQ(out_.lines().size(), kFiles);
  EXPECT_EQ(first.counts().taken + second.counts().taken, kFiles);
  EXPECT_GE(std::min(first.counts().taken.load(), second.counts().taken.load()), 1u);
}

// Asks for another try, once for each file.
class Hesitant final : public Agent {
 public:
  Result<void> process(Work& work) override {
    if (asked_.insert(work.record().seq).second) return work.later("not yet", std::chrono::milliseconds(1));
    return work.push("/handled", "x", rebus::Kind::kText);
  }

 private:
  std::set<Seq> asked_;
};

const AgentSpec kHesitant = {
    .name = "hesitant",
    .prefixes = {"/text"},
    .objects_only = true,
    .make = [](const Setting&) -> std::unique_ptr<Agent> { return std::make_unique<Hesitant>(); },
};

TEST_P(Flow, agent_that_asks_for_later_is_given_the_file_again) {
  AnyBus bus(GetParam(), folder_);
  Running hesitant(bus, kHesitant, {}, out_);
  Running inject(bus, agent("inject"), with_arguments({folder_.write("a", "text\n")}), out_);
  Running reader(bus, agent("return"), printing("/handled"), out_);
  reader.wait();
  EXPECT_EQ(out_.lines().size(), 1u);
  EXPECT_EQ(hesitant.counts().offered, 2u);
  EXPECT_EQ(hesitant.counts().failed, 0u);
}

TEST_P(Flow, large_value_comes_back_as_it_went) {
  std::string bytes;
  for (size_t i = 0; bytes.size() < (9 << 20); i++) bytes += "line " + std::to_string(i * i) + "\n";
  std::string path = folder_.write("large.txt", bytes);
  AnyBus bus(GetParam(), folder_);
  Running inject(bus, agent("inject"), with_arguments({path}), out_);
  inject.wait();
  auto client = join_client(bus);
  Find query;
  query.by = By::kName;
  query.text = "large.txt";
  auto found = client->find(query);
  ASSERT_TRUE(found.ok() && found->records.size() == 1);
  const Value& value = found->records[0].descriptor.value;
  EXPECT_EQ(*value.load(16 << 20), bytes);
  EXPECT_EQ(value.digest(), sha256(as_bytes(bytes)));
}

TEST_P(Flow, long_names_come_in_as_many_pages_as_they_need) {
  constexpr size_t kFiles = 600;
  std::vector<ArchiveEntry> entries;
  for (size_t i = 0; i < kFiles; i++) {
    entries.push_back(
        {.name = std::to_string(i) + std::string(4000, 'n'), .bytes = "text " + std::to_string(i)});
  }
  std::string archive = folder_.write("long.tar", make_archive("pax", "none", entries));
  AnyBus bus(GetParam(), folder_);
  Running unarchive(bus, agent("unarchive"), {}, out_);
  Running inject(bus, agent("inject"), with_arguments({archive}), out_);
  inject.wait();
  auto client = join_client(bus);
  ASSERT_TRUE(client->submission(out_.submission(), true).ok());

  Find texts{.by = By::kPrefix, .domain = Domain(), .text = "/text", .agent = {}};
  std::set<Seq> objects;
  Seq container = 0;
  auto found = client->for_each(texts, [&](Record& record) {
    EXPECT_TRUE(objects.insert(record.seq).second);
    container = client->origins_of(record.seq)->at(0).container;
    return true;
  });
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(objects.size(), kFiles);
  auto contents = client->contents_of(container);
  ASSERT_TRUE(contents.ok()) << contents.error().message;
  std::set<Seq> members;
  for (const Origin& origin : *contents) members.insert(origin.object);
  EXPECT_EQ(members, objects);
}

// Cannot read what it is given, until it is told otherwise.
bool is_damaged = false;

class Careful final : public Agent {
 public:
  Result<void> process(Work& work) override {
    if (is_damaged) return Error{Code::kStorage, "a checksum does not match"};
    return work.push("/read", "whole", rebus::Kind::kText);
  }
};

const AgentSpec kCareful = {
    .name = "careful",
    .prefixes = {"/binary"},
    .objects_only = true,
    .make = [](const Setting&) -> std::unique_ptr<Agent> { return std::make_unique<Careful>(); },
};

TEST_P(Flow, damage_ends_the_agent_and_is_no_failure_of_the_descriptor) {
  AnyBus bus(GetParam(), folder_);
  Running inject(bus, agent("inject"), with_arguments({"/bin/ls"}), out_);
  inject.wait();
  is_damaged = true;
  Running(bus, kCareful, {}, out_).wait_for(Code::kStorage);
  is_damaged = false;
  Running careful(bus, kCareful, {}, out_);
  auto status = join_client(bus)->submission(out_.submission(), true);
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->submission.failures, 0u);
  EXPECT_EQ(status->submission.results, 1u);
}

class Verbose final : public Agent {
 public:
  Result<void> process(Work& work) override {
    for (int i = 0; i < 200; i++) {
      NewDescriptor item;
      item.descriptor =
          make_child(work.descriptor(), "verbose", "/said", Value::of(std::to_string(i)), rebus::Kind::kText);
      item.descriptor.label = std::string(4000, 'v');
      auto pushed = work.push(std::move(item));
      if (!pushed) return pushed;
    }
    return {};
  }
};

const AgentSpec kVerbose = {
    .name = "verbose",
    .prefixes = {"/binary"},
    .objects_only = true,
    .make = [](const Setting&) -> std::unique_ptr<Agent> { return std::make_unique<Verbose>(); },
};

TEST_P(Flow, step_that_fits_into_no_message_is_a_failure_and_the_agent_goes_on) {
  AnyBus bus(GetParam(), folder_);
  Running verbose(bus, kVerbose, {}, out_);
  Running inject(bus, agent("inject"), with_arguments({"/bin/ls", "/bin/cat"}), out_);
  inject.wait();
  auto client = join_client(bus);
  auto status = client->submission(out_.submission(), true);
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->submission.failures, 2u);
  EXPECT_EQ(status->submission.results, 0u);
  EXPECT_EQ(verbose.counts().failed, 2u);
}

TEST_P(Flow, submission_is_complete_when_all_of_it_is_handled) {
  AnyBus bus(GetParam(), folder_);
  Running hasher(bus, agent("hasher"), {}, out_);
  Running inject(bus, agent("inject"), with_arguments({"/bin/ls"}), out_);
  inject.wait();
  auto status = join_client(bus)->submission(out_.submission(), true);
  ASSERT_TRUE(status.ok());
  EXPECT_TRUE(status->complete);
  EXPECT_EQ(status->submission.results, 1u);
}

// At work until it is told to stop; "quick" is done at once.
std::latch* begun = nullptr;

class Endless final : public Agent {
 public:
  Result<void> process(Work& work) override {
    if (work.descriptor().label == "quick") return work.push("/endless", "done", rebus::Kind::kText);
    begun->count_down();
    Result<void> goes_on;
    while (goes_on) goes_on = work.progress();
    EXPECT_FALSE(work.push("/endless", "half", rebus::Kind::kText).ok());
    return goes_on;
  }
};

const AgentSpec kEndless = {
    .name = "endless",
    .prefixes = {"/text"},
    .objects_only = true,
    .make = [](const Setting&) -> std::unique_ptr<Agent> { return std::make_unique<Endless>(); },
};

TEST_P(Flow, cancelled_work_is_stopped_and_the_agent_goes_on) {
  std::latch latch(1);
  begun = &latch;
  AnyBus bus(GetParam(), folder_);
  Running endless(bus, kEndless, {}, out_);
  Running slow(bus, agent("inject"),
               with_arguments({folder_.write("slow", "slow\n"), folder_.write("next", "next\n")}), out_);
  slow.wait();
  latch.wait();
  Bus client(*bus.connector().connect());
  Hello hello;
  hello.agent = "admin";
  ASSERT_TRUE(client.join(hello).ok());
  EXPECT_GE(client.cancel(out_.submission())->at_work, 1u);
  auto status = client.submission(out_.submission(), true);
  ASSERT_TRUE(status.ok());
  EXPECT_TRUE(status->submission.cancelled);
  Running quick(bus, agent("inject"), with_arguments({folder_.write("quick", "quick\n")}), out_);
  quick.wait();
  Running reader(bus, agent("return"), printing("/endless"), out_);
  reader.wait();
  EXPECT_EQ(out_.lines(), std::vector<std::string>{"quick = done"});
  EXPECT_EQ(endless.counts().failed, 0u);
}

TEST_P(Flow, pruned_files_are_gone_and_may_come_again) {
  AnyBus bus(GetParam(), folder_);
  Running hasher(bus, agent("hasher"), {}, out_);
  auto inject = [&] {
    Running running(bus, agent("inject"), with_arguments({"/bin/ls"}), out_);
    running.wait();
  };
  inject();
  Bus client(*bus.connector().connect());
  Hello hello;
  hello.agent = "admin";
  ASSERT_TRUE(client.join(hello).ok());
  ASSERT_TRUE(client.wait_idle().ok());
  Prune all;
  all.before_ns = std::numeric_limits<int64_t>::max();
  auto done = client.prune(all, [](const Pruned&) {});
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->files, 1u);
  EXPECT_EQ(client.status()->descriptors, 0u);
  inject();
  Running reader(bus, agent("return"), printing("md5_hash"), out_);
  reader.wait();
  EXPECT_EQ(out_.lines().size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(everywhere, Flow, every_bus(), name_of_bus);

}  // namespace
}  // namespace rebus::flow_test
