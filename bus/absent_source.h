// AbsentSource: the value of a received descriptor whose bytes did not come along.
#pragma once

#include "descriptor/value.h"

namespace rebus {

// Size and digest are what the sender claims. Bus replaces it by a source that asks the master (Read), the
// master by what was uploaded.
class AbsentSource final : public ValueSource {
 public:
  Result<size_t> read_at(uint64_t, std::span<uint8_t>) const override {
    return Error{Code::kUnavailable, "the bytes of this value did not come with the message"};
  }
};

}  // namespace rebus
