// Extraction: the bytes of one member as a value, within the budget.
#pragma once

#include <optional>

#include "agents/support/archive_reader.h"
#include "agents/support/budget.h"
#include "agents/support/decompression.h"

namespace rebus {

struct Extraction {
  ArchiveReader::Reading reading;
  std::optional<Value> value;          // if all bytes came (kWhole, kDamaged)
  std::optional<Budget::Spent> spent;  // kStopped: what ran out; if nothing did, reading.error tells
};

// Reads the current member of `reader` into `writer`. Holes are filled with zeros, which count like bytes.
Extraction extract(ArchiveReader& reader, ValueWriter& writer, const Budget& budget);
// The same with all that is in `content`.
Extraction extract(Decompression& content, ValueWriter& writer, const Budget& budget);

}  // namespace rebus
