// StepResults: what an agent gives in the course of one task.
#pragma once

#include <vector>

#include "bus/agent.h"

namespace rebus {

class StepResults {
 public:
  StepResults(const AgentSpec& spec, Bus& bus) : spec_(spec), bus_(bus) {}

  // Pushes it with its results, or keeps them for the end, as the agent publishes.
  Result<void> push(NewDescriptor item, std::vector<NewDescriptor> results = {});
  Result<void> keep(uint32_t version, std::string bytes);
  Error later(std::string reason, std::chrono::milliseconds wait, uint32_t retries);
  Finish end(Seq seq, const Result<Outcome>& ended);

 private:
  const AgentSpec& spec_;
  Bus& bus_;
  void stamp(NewDescriptor& item) const;
  Result<void> keep_child(NewDescriptor item);

  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::vector<NewDescriptor> children_;
  size_t large_ = 0;              // children whose values are larger than kMaxInlineValue
  uint64_t value_bytes_ = 0;      // of the children
  size_t description_bytes_ = 0;  // of the rest of them
  std::optional<AgentState> state_;
  uint32_t later_ms_ = 0, retries_ = 0;
};

}  // namespace rebus
