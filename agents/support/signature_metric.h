// SignatureMetric: how far apart two signatures of one type are.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agents/support/near_pairs.h"
#include "bus/agent.h"

namespace rebus {

class SignatureMetric {
 public:
  virtual ~SignatureMetric() = default;
  virtual const char* type() const = 0;  // the last component of /signature/TYPE
  // Pairs that are further apart are none.
  virtual uint32_t max_distance() const = 0;
  // Whether this is a signature of the type. Hostile text.
  virtual bool is_signature(std::string_view text) const = 0;
  // Compares each of the different signatures from `first` up to `last` with all before it. They are in use
  // while this runs, by their places. kFailed, kLimit: the program that compares them ended badly.
  using Use = std::function<void(const NearPair&)>;
  virtual Result<void> compare(const std::vector<std::string>& signatures, size_t first, size_t last,
                               const Use& use) const = 0;
};

// Of the types that --types names, with the distances of --tlsh-distance and --ssdeep-score.
Result<std::vector<std::unique_ptr<SignatureMetric>>> signature_metrics(const Options& options,
                                                                        const std::string& agent);
std::vector<OptionSpec> signature_metric_options();

}  // namespace rebus
