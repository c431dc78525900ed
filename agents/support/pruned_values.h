// PrunedValues: values whose bytes were removed, met by an agent that shows values: it goes on, and says so.
#pragma once

#include <cstdint>
#include <string>

#include "bus/agent.h"
#include "descriptor/escape.h"

namespace rebus {

class PrunedValues {
 public:
  // Whether this is what reading one gives; then it is counted.
  bool take(const Error& error) {
    if (error.code != Code::kNotFound) return false;
    count_++;
    return true;
  }
  // At the end; then not everything was shown.
  void tell(Output& out, const std::string& agent) const {
    if (count_ == 0) return;
    out.incomplete();
    out.note(agent + ": " + counted(count_, "value") + " left out: pruned, the bytes were removed");
  }

 private:
  uint64_t count_ = 0;
};

}  // namespace rebus
