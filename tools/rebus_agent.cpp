// rebus_agent: runs a chain of agents.
#include <unistd.h>

#include <cstdio>
#include <vector>

#include "tools/chain.h"
#include "tools/command_line.h"
#include "tools/help.h"
#include "tools/log.h"
#include "tools/process_limits.h"
#include "tools/signals.h"

namespace rebus {
namespace {

bool file_exists(const std::string& name) { return access(name.c_str(), F_OK) == 0; }

int fail(const Error& error) {
  std::fprintf(stderr, "rebus_agent: %s\n", error.message.c_str());
  return ExitStatus::of(error.code);
}

std::string page_of(const CommandLine& line) {
  switch (line.action) {
    case Action::kAgentHelp:
      return agent_page(*line.topic);
    case Action::kListAgents:
      return agent_list(all_agents());
    case Action::kListBusOptions:
      return bus_page();
    case Action::kVersion:
      return "rebus " REBUS_VERSION "\n";
    default:
      return main_page(all_agents());
  }
}

int run_chain(const CommandLine& line) {
  set_process_limits();
  const Globals& globals = line.globals;
  auto log = set_up_log({"rebus_agent", globals.verbosity, globals.log_file, globals.syslog});
  if (!log) return fail(log.error());
  Chain chain(line);
  Signals signals([&] { return chain.ask_stop(); });
  return chain.run();
}

int run(std::span<const std::string> arguments) {
  auto line = parse_command_line(arguments, all_agents(), file_exists);
  if (!line) return fail(line.error());
  if (line->action == Action::kRun) return run_chain(*line);
  std::fputs(page_of(*line).c_str(), stdout);
  return ExitStatus::kComplete;
}

}  // namespace
}  // namespace rebus

int main(int argc, char** argv) { return rebus::run(std::vector<std::string>(argv + 1, argv + argc)); }
