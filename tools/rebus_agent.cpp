// rebus_agent: runs a chain of agents.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

#include "agents/support/sandbox/sandbox_level.h"
#include "descriptor/escape.h"
#include "tools/chain.h"
#include "tools/command_line.h"
#include "tools/help.h"
#include "tools/log.h"
#include "tools/page.h"
#include "tools/process_limits.h"
#include "tools/program.h"
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

// A chain with nothing to work on would end at once and look as if it had found nothing.
Result<void> check_has_input(const CommandLine& line) {
  const Globals& globals = line.globals;
  if (globals.networked) return {};
  for (const Stage& stage : line.stages) {
    for (const AgentCall& call : stage) {
      bool injects = call.spec->role == Role::kProducer && !call.spec->waits_for_idle;
      if (injects || call.spec->stays) return {};
    }
  }
  if (globals.storage.kind == "ram") {
    return Error{Code::kInvalid,
                 "nothing is injected, and a bus in memory begins empty: add inject FILES, or name a master "
                 "(--busaddr ADDR, or --bus zmq) or a store (--storage rocksdb --path DIR)"};
  }
  if (file_exists(globals.storage.path)) return {};
  return Error{Code::kInvalid,
               "there is no store at " + escape(globals.storage.path) + ", and nothing is injected"};
}

int run_chain(const CommandLine& line) {
  set_process_limits();
  if (auto checked = check_has_input(line); !checked) return fail(checked.error());
  const Globals& globals = line.globals;
  auto log =
      set_up_log({"rebus_agent", globals.verbosity, globals.log_file, globals.syslog, globals.log_format});
  if (!log) return fail(log.error());
  set_sandbox_level(globals.sandbox);
  if (globals.sandbox == SandboxLevel::kNone)
    spdlog::warn("--sandbox none: whoever sent a file can do here what a fault in a parser lets him");
  Chain chain(line);
  Signals signals([&] { return chain.ask_stop(); });
  return chain.run();
}

int run(std::span<const std::string> arguments) {
  auto line = parse_command_line(arguments, all_agents(), file_exists);
  if (!line) return fail(line.error());
  if (line->action == Action::kRun) return run_chain(*line);
  return print_page(page_of(*line));
}

}  // namespace
}  // namespace rebus

int main(int argc, char** argv) {
  return rebus::run_program("rebus_agent",
                            [&] { return rebus::run(std::vector<std::string>(argv + 1, argv + argc)); });
}
