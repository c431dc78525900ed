// run_once: the test kit for authors of agents. One agent, one descriptor, an empty bus.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bus/agent.h"

namespace rebus {

struct RunOnce {
  bool wanted = false;                // by the declared prefixes and objects_only
  bool accepted = false;              // by accepts()
  std::optional<Error> error;         // of declare(), or of process()
  std::vector<NewDescriptor> pushed;  // in order

  // What was pushed under this type path or below it.
  std::vector<NewDescriptor> under(std::string_view prefix) const;
  // The value of the only descriptor under this path; "" if there is none or several.
  std::string text(std::string_view path) const;
};

// Gives the descriptor to a new instance of the consumer, as the bus would. `level`: how deep in archives an
// object lies. `--jobs`, modes and retries play no part; Work::bus() must not be used.
RunOnce run_once(const AgentSpec& spec, const Descriptor& descriptor, const Options& options = {},
                 const Limits& limits = {}, uint32_t level = 0);

// An object as inject would push it, with the type path given.
Descriptor object_of(std::string path, std::string label, std::string bytes);

}  // namespace rebus
