// Extraction: the bytes of one member as a value, within the budget.
#pragma once

#include <optional>

#include "agents/parsers/container.h"
#include "agents/support/budget.h"

namespace rebus {

struct Extraction {
  ContainedBytes::Reading reading;
  std::optional<Value> value;          // if all bytes came (kWhole, kDamaged)
  std::optional<Budget::Spent> spent;  // kStopped: what ran out; if nothing did, reading.error tells
};

// Reads `content` into `writer`. Holes are filled with zeros, which count like bytes.
Extraction extract(ContainedBytes& content, ValueWriter& writer, const Budget& budget);

}  // namespace rebus
