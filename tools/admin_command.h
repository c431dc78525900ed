// The commands of rebus_admin, as data.
#pragma once

#include <span>
#include <string>

#include "bus/agent.h"
#include "tools/global_options.h"

namespace rebus {

// One call of rebus_admin on a bus that it joined.
struct AdminCall {
  Bus& bus;
  const Welcome& welcome;
  const Options& options;  // of the command, with its arguments
  const Globals& globals;
  bool wants_json() const { return globals.output_format == "json"; }
};

struct AdminCommand {
  std::string name;
  ArgumentsSpec arguments;
  std::string summary;  // one line
  std::string help;     // what it does and prints; examples
  std::vector<OptionSpec> options;
  // What can be known to be wrong before anybody is asked; may be null.
  Result<void> (*check)(const Options& options);
  // Gives the exit code. An error is told by the caller.
  Result<int> (*run)(const AdminCall& call);
  // Of a command that needs no bus if it is given arguments.
  Result<int> (*run_alone)(const Options& options, const Globals& globals) = nullptr;
};

// admin_status.cpp
extern const AdminCommand kStatusCommand;
// admin_changes.cpp
extern const AdminCommand kRetryCommand, kCancelCommand, kPauseCommand, kResumeCommand, kModeCommand;
// admin_pruning.cpp
extern const AdminCommand kPruneCommand, kDropCommand, kForgetCommand;
// admin_check.cpp
extern const AdminCommand kCheckCommand;

std::span<const AdminCommand* const> admin_commands();
// Of rebus_admin itself, before or behind the command.
std::span<const OptionSpec> admin_options();

// `rebus_admin --help`, and of one command.
std::string admin_page();
std::string admin_command_page(const AdminCommand& command);

}  // namespace rebus
