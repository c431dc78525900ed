// ls_pending: what agents have still to do, what they are doing, and what they try again.
#include "agents/support/current_names.h"
#include "agents/support/option_values.h"
#include "agents/support/rendering.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

const char* state_name(PendingState state) {
  switch (state) {
    case PendingState::kQueued:
      return "queued";
    case PendingState::kHandedOut:
      return "handed_out";
    case PendingState::kAtWork:
      return "at_work";
    case PendingState::kDelayed:
      return "delayed";
  }
  return "unknown";
}

class LsPending final : public Agent {
 public:
  explicit LsPending(const Setting& setting)
      : setting_(setting), left_(*count_option(setting.options, "limit", UINT64_MAX)) {}

  Result<void> run(Bus& bus) override {
    auto absent = note_absent(bus);
    if (!absent) return absent;
    auto current = CurrentNames::begin(bus);
    if (!current) return current.error();
    Result<void> listed;
    auto done = bus.for_each_pending(wanted(), [&](const PendingTask& task) {
      if (left_ == 0) return false;
      listed = list(bus, task, *current);
      return listed.ok();
    });
    return done ? listed : done;
  }

 private:
  std::string wanted() const {
    const auto& agents = setting_.options.arguments();
    return agents.empty() ? "" : agents.front();
  }

  // What they have left cannot be told: only an instance says what it takes.
  Result<void> note_absent(Bus& bus) {
    auto status = bus.status();
    if (!status) return status.error();
    for (const ConsumerStatus& one : status->consumers) {
      const Consumer& consumer = one.consumer;
      if (one.instances != 0 || !consumer.is_live || (!wanted().empty() && consumer.agent != wanted()))
        continue;
      setting_.out.note("no instance of " + escape(consumer.agent) +
                        " is here: what is queued for it is known when it is back");
    }
    return {};
  }

  Result<void> list(Bus& bus, const PendingTask& task, CurrentNames& current) {
    auto record = bus.get(task.seq);
    if (!record && record.error().code == Code::kNotFound) return {};  // pruned meanwhile
    if (!record) return record.error();
    if (!setting_.all_domains && record->descriptor.domain != setting_.domain) return {};
    auto names = current.of(*record);
    if (!names) return names.error();
    setting_.out.write(wants_json(setting_) ? json(task, *record, *names) : lines(task, *record, *names));
    left_--;
    return {};
  }

  static std::string explanation(const PendingTask& task) {
    std::string out;
    if (!task.host.empty()) out += " on " + escape(task.host);
    if (task.state == PendingState::kDelayed) {
      out += " for " + std::to_string((task.wait_ms + 999) / 1000) + " s";
    }
    if (task.tries != 0) out += " after " + counted(task.tries, "attempt") + ": " + escape(task.reason);
    return out;
  }

  std::string lines(const PendingTask& task, const Record& record, const NameList& names) const {
    std::string out;
    for (const auto& name : names.names) {
      out += task.agent + " " + state_name(task.state) + " " + record.descriptor.selector.str() + " " +
             shown_name(setting_, name) + explanation(task) + "\n";
    }
    return out;
  }

  static std::string json(const PendingTask& task, const Record& record, const NameList& names) {
    JsonObject json = metadata_json(record, &names);
    json.add("pending_agent", task.agent).add("pending_config", task.config);
    json.add("state", state_name(task.state)).add("host", task.host);
    json.add("wait_ms", task.wait_ms).add("tries", uint64_t{task.tries}).add("reason", task.reason);
    return json.str() + "\n";
  }

  Setting setting_;
  uint64_t left_;  // still to print
};

Result<void> declare(const Options& options, Hello&) {
  auto limit = count_option(options, "limit", 0);
  return limit ? Result<void>() : limit.error();
}

constexpr const char* kHelp =
    R"(Prints a line for each name of everything that agents have still to do, oldest first for each agent:

  AGENT queued|handed_out|at_work|delayed SELECTOR NAME [on HOST] [for N s] [after N attempts: REASON]

"handed_out": an instance has it and has not begun. "delayed": an attempt ended without a result, and the next one is due in so
many seconds: the agent asked for it, or its process ended at work on it. What an interactive agent collected waits to be asked for
and is not listed; what failed for good is listed by ls_failed.

Of an agent without an instance only what was tried is known. With AGENT: only of that one. With -o json: one object per
descriptor, with all its metadata, its names, pending_agent, pending_config (the agent's options), state, host, wait_ms, tries and
reason.

Examples:
  rebus_agent --bus zmq ls_pending
      unarchive at_work /archive/zip/%3f… apt1.tgz:large.zip on analysis-2
      hasher delayed /binary/elf/%81… apt1.tgz:odd for 4 s after 2 attempts: the instance on analysis-2 was killed by signal 11 (Segmentation fault)
  rebus_agent --bus zmq ls_pending --limit 10 hasher)";

}  // namespace

extern const AgentSpec ls_pending_agent;
const AgentSpec ls_pending_agent = {
    .name = "ls_pending",
    .summary = "list what agents have still to do",
    .help = kHelp,
    .role = Role::kClient,
    .options = {{.name = "--limit", .metavar = "N", .help = "how many descriptors at most", .neutral = true}},
    .arguments = {"AGENT", "only what this agent has to do", 0, 1},
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> {
      return std::make_unique<LsPending>(setting);
    },
    .declare = declare,
};

}  // namespace rebus
