// Agent: what a toolsmith writes. docs/writing_an_agent.md shows one from start to end.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bus/bus.h"

namespace rebus {

// A command line option, as data: tools parse it, and it decides which runs count as the same consumer.
struct OptionSpec {
  std::string name = {};     // "--algorithms", or "-r,--recursive"
  std::string metavar = {};  // "LIST"; empty: a flag
  std::string help = {};
  std::string fallback = {};  // default value, shown in the help; not a part of the consumer's name
  bool list = false;          // takes commas; may be repeated
  bool neutral = false;       // does not alter the output: runs that differ in it share their progress
  bool secret = false;        // never shown, logged or stored; counts by its SHA-256
};

// Positional arguments. An agent with max == kMany takes all up to "--".
struct ArgumentsSpec {
  static constexpr size_t kMany = static_cast<size_t>(-1);
  std::string metavar;
  std::string help;
  size_t min = 0;
  size_t max = 0;
  bool neutral = true;
};

// Parsed options, by long name without dashes ("algorithms").
class Options {
 public:
  bool flag(const std::string& name) const { return values_.contains(name); }
  // The last value given, else the fallback of the spec.
  std::string text(const std::string& name) const {
    auto it = values_.find(name);
    return it == values_.end() || it->second.empty() ? std::string() : it->second.back();
  }
  const std::vector<std::string>& list(const std::string& name) const {
    static const std::vector<std::string> kNone;
    auto it = values_.find(name);
    return it == values_.end() ? kNone : it->second;
  }
  const std::vector<std::string>& arguments() const { return arguments_; }

  void set(const std::string& name, std::vector<std::string> values) { values_[name] = std::move(values); }
  void set_arguments(std::vector<std::string> arguments) { arguments_ = std::move(arguments); }

 private:
  std::map<std::string, std::vector<std::string>> values_;
  std::vector<std::string> arguments_;
};

// Budgets of what may be derived, by profile (docs/operating.md, "Budgets"). Bytes and counts.
struct Limits {
  std::string profile = "local";
  uint64_t levels = 64;          // containers in containers
  uint64_t entries = 1'000'000;  // per container
  uint64_t entry_bytes = UINT64_MAX;
  uint64_t container_bytes = UINT64_MAX;  // out of one container; plus 100 x its size where `ratio_bonus`
  bool ratio_bonus = false;
  uint64_t submission_files = 1'000'000;
  uint64_t submission_bytes = UINT64_MAX;
  uint64_t name_bytes = 4096;
  std::chrono::seconds time{3600};  // per container
};
Result<Limits> limits_of_profile(const std::string& profile);

// Where printing agents print, and how.
class Output {
 public:
  virtual ~Output() = default;
  virtual void write(std::string_view bytes) = 0;  // exactly these bytes, to standard output
  // The same, of what only tells what was done elsewhere: if nobody reads it any more, the work goes on.
  virtual void list(std::string_view bytes) { write(bytes); }
  // A line for a person, to standard error; escaped by the caller.
  virtual void note(const std::string& line) = 0;
  // A line of progress, overwritten by the next; shown only on a terminal.
  virtual void progress(const std::string& line) = 0;
  // An input could not be read (exit code 1), or something was not examined whole (exit code 3).
  virtual void input_failed() = 0;
  virtual void incomplete() = 0;
  // This chain injected something under this number: what came of it decides the exit code and the closing
  // lines.
  virtual void submitted(SubmissionId) {}
};

// What an agent is told when it is made.
struct Setting {
  const Options& options;
  Domain domain;              // of -d
  std::string output_format;  // "text" or "json" (-o)
  bool raw_names = false;     // --raw-names: names as they are instead of escaped
  bool all_domains = false;
  bool networked = false;
  Limits limits;
  Output& out;
};

// One descriptor to process, and where its results go.
class Work {
 public:
  virtual ~Work() = default;
  virtual const Record& record() const = 0;
  const Descriptor& descriptor() const { return record().descriptor; }
  const Value& value() const { return descriptor().value; }
  // Set if a reader is told of a further origin of an object it was given before.
  virtual const Origin* origin() const = 0;
  virtual Bus& bus() = 0;
  // For results too large to hold: write, seal, push.
  virtual std::unique_ptr<ValueWriter> new_value() = 0;
  // A result: a child of this descriptor.
  virtual Result<void> push(std::string path, std::string value, Kind kind = Kind::kRaw) = 0;
  // Anything else: a new version, a link, an extracted object with its origin. Together with `results` of it,
  // small ones, as one step: links of an object are there with it, or not at all.
  virtual Result<void> push(NewDescriptor item, std::vector<NewDescriptor> results = {}) = 0;
  // Says that process() is at work still. An instance of which nothing is heard for AgentSpec::claim_life
  // loses its task to another one; calls of the bus and reading the value are signs enough, long computations
  // are not. Cheap. kStopped: the submission was cancelled, return the error; push() and reading of the value
  // then fail with it, too.
  virtual Result<void> progress() = 0;
  // The newest descriptor of the same analysis that fills a slot of AgentSpec::slots; nullptr if none does.
  virtual const Record* slot(std::string_view name) const = 0;
  // What the consumer keeps from now on: stored with the end of this task, as one step. `version` is of the
  // form, from 1; at most kMaxState bytes.
  virtual Result<void> keep(uint32_t version, std::string bytes) = 0;
  // What process() returns to be given the descriptor again, because something that it needs is not there
  // now: not before `wait`, and at most `retries` times; after that it counts as failed, with this reason.
  virtual Error later(std::string reason, std::chrono::milliseconds wait = std::chrono::seconds(30),
                      uint32_t retries = 3) = 0;
};

// All that an agent collected, to be worked on together; and where its results go.
class BulkWork {
 public:
  virtual ~BulkWork() = default;
  // The submission that is complete, else 0: the bus is idle.
  virtual SubmissionId submission() const = 0;
  virtual uint64_t size() const = 0;  // how many descriptors; at most 65,536, the rest comes after them
  // By submission and position; stops when `use` gives false. May be called again.
  virtual Result<void> for_each(const std::function<bool(Record&)>& use) = 0;
  virtual Bus& bus() = 0;
  virtual std::unique_ptr<ValueWriter> new_value() = 0;
  virtual Result<void> push(NewDescriptor item) = 0;
  virtual Result<void> progress() = 0;  // as Work::progress()
  virtual Result<void> keep(uint32_t version, std::string bytes) = 0;
  virtual Error later(std::string reason, std::chrono::milliseconds wait = std::chrono::seconds(30),
                      uint32_t retries = 3) = 0;
};

// Made and used by one thread; `--jobs N` makes N of them.
class Agent {
 public:
  virtual ~Agent() = default;
  // Consumers and readers: whether this descriptor is worth process(). May read metadata and bytes.
  virtual bool accepts(Work&) { return true; }
  // Consumers and readers. An Error becomes a visible failure of this descriptor for this agent; the bus
  // goes on. kStorage is no fault of the descriptor: the agent ends, and the task is handed out again.
  virtual Result<void> process(Work& work);
  // Modes idle and complete: everything that accepts() said yes to, instead of process(). What this agent
  // itself made is not among it. An Error becomes a failure of all of it.
  virtual Result<void> bulk_process(BulkWork& work);
  // Agents that keep something between tasks (Work::keep): called before the first task, and again when
  // tasks were lost with the connection to the master, with what was kept last. `version` 0: nothing is.
  // Instances of one consumer share it, and the last word counts: run one.
  virtual Result<void> restore(const AgentState&) { return {}; }
  // Agents with slots: whether to process what there is now. `is_filled`: all slots but the optional ones
  // are. Asked with the newest of the set only.
  virtual bool accepts_set(Work&, bool is_filled) { return is_filled; }
  // Agents with AgentSpec::looks_every: called in between while there is nothing to do. What it has to do
  // then it asks for (Bus::ask). An Error is logged.
  virtual Result<void> look_around(Bus&) { return {}; }
  // Producers, clients and one-shot readers: called once; the agent ends when it returns. A reader takes its
  // tasks by Bus::next_event(), until Idle or what it looked for, and gives each back by Bus::finish().
  virtual Result<void> run(Bus& bus);
};

// How results reach the bus.
enum class Publish {
  kAtFinish,  // all at once with the task's end, atomically: for few small results, and for tools whose
              // output differs from run to run
  kAsItGoes,  // each at once: for many or large results of deterministic agents (same input, same results)
};

// One of several descriptors of the same analysis (uuid) that an agent needs together.
struct SlotSpec {
  std::string name;
  std::string prefix;  // of its type path; also one of AgentSpec::prefixes
  bool optional = false;
};

struct AgentSpec {
  std::string name = {};
  std::string other_name = {};  // it is found by, too: that of the original; the bus knows `name` only
  std::string summary = {};     // one line
  std::string help = {};        // more, for -h: what it takes, gives, prints; examples
  Role role = Role::kConsumer;
  std::vector<std::string> prefixes = {};  // type paths it may care about
  bool objects_only = false;               // files, not results
  std::vector<std::string> yields = {};    // type paths below which it pushes; tests hold it to that
  Publish publish = Publish::kAtFinish;
  std::chrono::seconds claim_life{kClaimLife};  // of one task, without a sign of work: Work::progress()
  // When it may work; the first is its default, --mode takes another one. kIdle and kComplete want
  // bulk_process(), the others process().
  std::vector<Mode> modes = {Mode::kAutomatic, Mode::kInteractive};
  // Not empty: process() is called when a set is filled, with its newest descriptor, and again whenever one
  // of its slots gets a newer one.
  std::vector<SlotSpec> slots = {};
  bool keeps_state = false;  // restore() is wanted
  // Not 0: look_around() is called, each time that there was nothing to do for so long.
  std::chrono::milliseconds looks_every{0};
  std::vector<OptionSpec> options = {};
  ArgumentsSpec arguments = {};
  std::string version = "1";
  // Clients that read: in one process they wait until the stage is idle. Producers, which keep it from being
  // idle, wait until every injection that they know is handled.
  bool waits_for_idle = false;
  bool one_shot = false;  // readers: run() instead of process(); may end while the bus goes on
  // Clients: it runs until it is stopped, which is its good end, and injects; the bus may be idle meanwhile.
  bool stays = false;
  bool starts_now = false;  // readers: on a networked bus they are not given what is stored already
  std::unique_ptr<Agent> (*make)(const Setting&) = nullptr;
  // Options that change what the agent declares (prefixes, selector_regex, from); may be null.
  Result<void> (*declare)(const Options&, Hello&) = nullptr;

  bool is_called(std::string_view word) const {
    return word == name || (!other_name.empty() && word == other_name);
  }
};

// The options of an agent, and --mode where it has several.
std::vector<OptionSpec> options_of(const AgentSpec& spec);

// Every agent that is built in, by name. Defined by the build from agents/*.cpp.
std::span<const AgentSpec* const> all_agents();
const AgentSpec* find_agent(std::string_view name);

}  // namespace rebus
