// Runs one agent instance on one session.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "bus/agent.h"

namespace rebus {

// What one instance did; read after its thread ended, or as a rough figure before.
struct RunCounts {
  static constexpr size_t kMostTold = 10;

  std::atomic<uint64_t> offered{0}, taken{0}, filtered{0}, failed{0};

  // Any thread. The first failures, a line each; the later ones are only counted.
  void add_failure(const std::string& line) {
    failed++;
    std::lock_guard lock(mutex_);
    if (failures_.size() < kMostTold) failures_.push_back(line);
  }
  std::vector<std::string> failures() const {
    std::lock_guard lock(mutex_);
    return failures_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> failures_;
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
