// FailureSearch: finds what agents failed on among the work of a submission.
#pragma once

#include <functional>
#include <unordered_set>
#include <vector>

#include "bus/bus.h"

namespace rebus {

// Walks from the injected files to what was extracted and derived, asking for marks; there is no index of
// failures, since nothing asks for them but the end of a chain that had some.
class FailureSearch {
 public:
  // Gives false to end the search.
  using OnFailure = std::function<bool(const Record&, const NamedMark&)>;
  FailureSearch(Bus& bus, OnFailure on_failure) : bus_(bus), on_failure_(std::move(on_failure)) {}

  Result<void> run(SubmissionId submission);

 private:
  Result<void> look_for(By by, Seq seq);
  Result<void> look_at(const Record& record);

  Bus& bus_;
  OnFailure on_failure_;
  bool ended_ = false;
  std::unordered_set<Seq> seen_;
  std::vector<Seq> objects_;  // whose results and contents are still to be looked at
};

}  // namespace rebus
