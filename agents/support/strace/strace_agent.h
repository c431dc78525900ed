// What the agents that run programs to see what they do have in common: all but the architecture.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bus/agent.h"

namespace rebus {

struct SampleArchitecture {
  const char* name;  // as type paths have it, "x86_64"
  uint16_t machine;  // e_machine of the System V ABI
};

std::string strace_help(const SampleArchitecture& architecture);
std::vector<OptionSpec> strace_options();
// Refuses what would be found out later: that samples are to be run at all, the engine, programs, layers.
Result<void> declare_strace(const SampleArchitecture& architecture, const Options& options, Hello& hello);
std::unique_ptr<Agent> make_strace(const SampleArchitecture& architecture, const Options& options);

}  // namespace rebus
