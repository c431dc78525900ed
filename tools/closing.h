// Closing lines: what a chain tells on standard error when it is over, if there is something to tell.
#pragma once

#include <string>
#include <vector>

#include "bus/agent.h"
#include "bus/bus.h"

namespace rebus {

// A consumer of the chain.
struct ConsumerCall {
  const AgentSpec* spec = nullptr;
  Hello hello;
};

class Closing {
 public:
  // `bus` is a session of the chain itself.
  Closing(Bus& bus, Output& out) : bus_(bus), out_(out) {}

  // What was injected and nothing came of, and why. Only once it is complete, or if `is_settled`. False:
  // something failed or reached a limit.
  Result<bool> tell_submission(SubmissionId id, bool is_settled);
  // Consumers that took nothing of what there was.
  Result<void> tell_untaken(const std::vector<ConsumerCall>& consumers);
  // Readers whose regular expression matched no selector.
  void tell_unmatched(const std::vector<Hello>& readers);

 private:
  Result<bool> tell_review(SubmissionId id, const Submission* counts);
  void tell_limit(const Record& record);
  void tell_failure(const Record& record, const NamedMark& mark);
  void tell_untaken_by(const ConsumerCall& call, uint64_t all);

  Bus& bus_;
  Output& out_;
  uint64_t submissions_ = 0, files_ = 0;  // told of
};

}  // namespace rebus
