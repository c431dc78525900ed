// Runs one agent instance on one session.
#pragma once

#include <atomic>

#include "bus/agent.h"

namespace rebus {

// What one instance did; read after its thread ended, or as a rough figure before.
struct RunCounts {
  std::atomic<uint64_t> offered{0}, taken{0}, filtered{0}, failed{0};
};

// Of this machine, as a Hello says it.
std::string host_name();
// The canonical JSON of the options that alter the output of an agent.
std::string consumer_config(const AgentSpec& spec, const Options& options);
// The Hello of an agent.
Result<Hello> make_hello(const AgentSpec& spec, const Options& options, const Domain& domain,
                         bool own_domain);

// Serves tasks until the bus is gone; a reader with `until_idle` until it has been given everything and the
// bus is idle; a producer or client until run() returns. The bus must have joined. Agent code is caught here:
// what it throws becomes a failure of that descriptor.
Result<void> run_agent(const AgentSpec& spec, const Setting& setting, Bus& bus, RunCounts& counts,
                       bool until_idle);

}  // namespace rebus
