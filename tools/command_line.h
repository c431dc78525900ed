// The command line of rebus_agent: stages of agents, each with its options.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "tools/global_options.h"

namespace rebus {

// One agent as it was called.
struct AgentCall {
  const AgentSpec* spec = nullptr;
  Options options;
  unsigned jobs = 1;
  bool raw_names = false;
  bool all_domains = false;
};
// Agents between "::".
using Stage = std::vector<AgentCall>;

enum class Action { kRun, kHelp, kAgentHelp, kListAgents, kListBusOptions, kVersion };

struct CommandLine {
  Action action = Action::kRun;
  const AgentSpec* topic = nullptr;  // of kAgentHelp
  Globals globals;
  std::vector<Stage> stages;
};

// Grammar:
//   line    = global-option… stage { "::" stage }
//   stage   = agent { [ "--" ] agent } [ "--" ]
//   agent   = NAME { option | argument }
// An agent takes arguments up to its maximum; what follows is the next agent. "--" ends the arguments of one
// that takes any number. Options belong to the agent before them, also after its arguments; "-" alone is an
// argument.
//
// `agents` are those that exist. `file_exists` serves to guess a forgotten "--". kInvalid: a sentence for the
// user.
Result<CommandLine> parse_command_line(std::span<const std::string> tokens,
                                       std::span<const AgentSpec* const> agents,
                                       const std::function<bool(const std::string&)>& file_exists);

}  // namespace rebus
