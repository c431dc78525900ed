// rebus_admin check: what does not fit between the agents of a pipeline.
#include <algorithm>

#include "descriptor/escape.h"
#include "descriptor/json.h"
#include "tools/admin_command.h"
#include "tools/exit_status.h"
#include "tools/infra_config.h"
#include "tools/page.h"
#include "tools/pipeline.h"
#include "tools/settings_file.h"

namespace rebus {
namespace {

// What files come in as is what inject tells.
const std::vector<std::string>& file_paths() { return find_agent("inject")->yields; }

std::string json_of(const std::vector<PipelineFindings::Path>& paths) {
  std::vector<std::string> items;
  for (const auto& one : paths)
    items.push_back(JsonObject().add("agent", one.agent).add("path", one.path).str());
  return json_array(items);
}

std::string json_of(const PipelineFindings& found, size_t agents) {
  std::vector<std::string> loops;
  for (const auto& loop : found.loops) {
    std::vector<std::string> names;
    for (const auto& name : loop) names.push_back(json_string(name));
    loops.push_back(json_array(names));
  }
  JsonObject json;
  json.add("agents", uint64_t{agents}).add_json("loops", json_array(loops));
  json.add_json("unfed", json_of(found.unfed)).add_json("untaken", json_of(found.untaken));
  return json.str() + "\n";
}

std::string text_of(const PipelineFindings& found, size_t agents) {
  std::string text;
  for (const auto& one : found.unfed)
    text += "nothing yields what " + escape(one.agent) + " takes: " + escape(one.path) + "\n";
  for (const auto& loop : found.loops) {
    text += "a possible loop: ";
    for (const auto& name : loop) text += escape(name) + " -> ";
    text +=
        escape(loop.front()) + "; the master ends it when a type path stands in an ancestry three times\n";
  }
  for (const auto& one : found.untaken)
    text += "nobody takes what " + escape(one.agent) + " yields: " + escape(one.path) + "\n";
  return text + counted(agents, "agent") + " checked\n";
}

// `count`: of those that are agents.
int tell(const std::vector<PipelineAgent>& agents, size_t count, const Globals& globals) {
  auto found = check_pipeline(agents, file_paths());
  bool is_json = globals.output_format == "json";
  int code = print_page(is_json ? json_of(found, count) : text_of(found, count));
  bool is_sound = found.unfed.empty() && found.loops.empty();
  return code == 0 && !is_sound ? ExitStatus::kIncomplete : code;
}

PipelineAgent agent_of(const Hello& hello) {
  return {hello.agent, hello.prefixes, hello.yields, hello.objects_only, !hello.selector_regex.empty()};
}

Result<int> check_file(const Options& options, const Globals& globals) {
  const std::string& file = options.arguments()[0];
  auto text = read_settings(file);
  if (!text) return text.error();
  std::vector<Mistake> mistakes;
  InfraConfig config = read_infra_config(*text, all_agents(), mistakes);
  if (!mistakes.empty()) {
    return Error{Code::kInvalid, counted(mistakes.size(), "mistake") + " in " + escape(file) +
                                     ": `rebus_infra --check " + escape(file) + "` tells them"};
  }
  std::vector<PipelineAgent> agents;
  for (const auto& stage : config.stages) {
    for (const AgentPlan& plan : stage) agents.push_back(agent_of(plan.hello));
  }
  return tell(agents, agents.size(), globals);
}

// Files may come in at any time, from anywhere.
Result<int> check_bus(const AdminCall& call) {
  auto status = call.bus.status();
  if (!status) return status.error();
  const PipelineAgent whoever_injects{"inject", {}, file_paths(), false, false};
  std::vector<PipelineAgent> agents{whoever_injects};
  for (const ConsumerStatus& one : status->consumers) {
    if (one.instances == 0) continue;
    const std::string& takes = one.consumer.takes;
    agents.push_back({one.consumer.agent, one.prefixes, one.yields,
                      takes.find("\"objects_only\":true") != takes.npos,
                      takes.find("\"selector_regex\"") != takes.npos});
  }
  return tell(agents, agents.size() - 1, call.globals);
}

constexpr const char* kCheckHelp =
    R"(Looks at what agents declare that they take and yield, and tells

  what an agent takes and nothing yields: it would wait for ever
  results that may feed each other without end
  results that nobody takes, which is usual for those that people read

Of the agents in FILE, a configuration of rebus_infra; without FILE of the consumers that are running on the bus, where files of all types are taken to come in. Exit code 3 if there is something of the first two.

With -o json: {"agents": N, "loops": [[AGENT, …]], "unfed": [{"agent": …, "path": …}], "untaken": [{"agent": …, "path": …}]}.

Examples:
  rebus_admin check infra.yaml
  rebus_admin check)";

}  // namespace

const AdminCommand kCheckCommand = {
    "check",
    {"[FILE]", "a configuration of rebus_infra; default: the running bus", 0, 1},
    "what does not fit between the agents of a pipeline",
    kCheckHelp,
    {},
    nullptr,
    check_bus,
    check_file};

}  // namespace rebus
