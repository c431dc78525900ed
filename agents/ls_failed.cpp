// ls_failed: what agents failed on, and what ended their processes.
#include "agents/support/current_names.h"
#include "agents/support/rendering.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

class LsFailed final : public Agent {
 public:
  explicit LsFailed(const Setting& setting) : setting_(setting) {}

  Result<void> run(Bus& bus) override {
    auto current = CurrentNames::begin(bus);
    if (!current) return current.error();
    const auto& agents = setting_.options.arguments();
    Result<void> listed;
    auto done = bus.for_each_failure(agents.empty() ? "" : agents.front(), [&](const FailedTask& task) {
      listed = list(bus, task, *current);
      return listed.ok();
    });
    return done ? listed : done;
  }

 private:
  Result<void> list(Bus& bus, const FailedTask& task, CurrentNames& current) {
    auto record = bus.get(task.seq);
    if (!record) return record.error();
    if (!setting_.all_domains && record->descriptor.domain != setting_.domain) return {};
    auto names = current.of(*record);
    if (!names) return names.error();
    setting_.out.write(wants_json(setting_) ? json(task, *record, *names) : lines(task, *record, *names));
    return {};
  }

  std::string lines(const FailedTask& task, const Record& record, const NameList& names) const {
    std::string out;
    for (const auto& name : names.names) {
      out += task.mark.agent + " " + outcome_name(task.mark.outcome) + " " +
             record.descriptor.selector.str() + " " + shown_name(setting_, name) + ": " +
             escape(task.mark.message) + "\n";
    }
    return out;
  }

  static std::string json(const FailedTask& task, const Record& record, const NameList& names) {
    JsonObject json = metadata_json(record, &names);
    json.add("failed_agent", task.mark.agent).add("failed_config", task.mark.config);
    json.add("outcome", outcome_name(task.mark.outcome)).add("reason", task.mark.message);
    return json.str() + "\n";
  }

  Setting setting_;
};

constexpr const char* kHelp =
    R"(Prints a line for each name of everything that an agent failed on, oldest first for each agent:

  AGENT failed|quarantined SELECTOR NAME: REASON

"failed": the agent said so, or threw. "quarantined": three of its processes ended, or hung, while they worked on it (ten,
if the master ended with them); nobody is given it any more. Both count as handled: the bus goes on without. `rebus_admin
retry AGENT` has them handed out again, after the agent was repaired for example.

With AGENT: only of that one. With -o json: one object per descriptor, with all its metadata, its names, failed_agent,
failed_config (the agent's options), outcome and reason.

Examples:
  rebus_agent --bus zmq ls_failed
      unarchive failed /archive/zip/%3f… apt1.tgz:broken.zip: damaged or truncated: …
  rebus_agent --storage rocksdb --path case7 ls_failed unarchive)";

}  // namespace

extern const AgentSpec ls_failed_agent;
const AgentSpec ls_failed_agent = {
    .name = "ls_failed",
    .summary = "list what agents failed on, and why",
    .help = kHelp,
    .role = Role::kClient,
    .arguments = {"AGENT", "only what this agent failed on", 0, 1},
    .waits_for_idle = true,
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> {
      return std::make_unique<LsFailed>(setting);
    },
};

}  // namespace rebus
