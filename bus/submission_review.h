// SubmissionReview: what of a submission's files was not examined whole.
#pragma once

#include <functional>
#include <unordered_set>
#include <vector>

#include "bus/bus.h"

namespace rebus {

// Walks from the injected files to what was extracted and derived, whoever brought it first, and asks for
// marks. Costs a question per descriptor: only for submissions of which something is known to be wrong. One
// use.
class SubmissionReview {
 public:
  // Each gives false to end the review.
  using OnFailure = std::function<bool(const Record&, const NamedMark&)>;
  using OnLimit = std::function<bool(const Record&)>;  // a /limit/… result
  SubmissionReview(Bus& bus, OnFailure on_failure, OnLimit on_limit)
      : bus_(bus), on_failure_(std::move(on_failure)), on_limit_(std::move(on_limit)) {}

  Result<void> run(SubmissionId submission);

 private:
  Result<void> look_for(By by, Seq seq);
  Result<void> look_at(const Record& record);

  Bus& bus_;
  OnFailure on_failure_;
  OnLimit on_limit_;
  bool ended_ = false;
  std::unordered_set<Seq> seen_;
  std::vector<Seq> objects_;  // whose results and contents are still to be looked at
};

}  // namespace rebus
