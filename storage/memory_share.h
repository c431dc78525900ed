// How much memory values may take that are kept in it.
#pragma once

#include <cstdint>

namespace rebus {

// An eighth, in bytes, of what is free now, or of what the control group of this process may have if that is
// less; at least 64 MiB.
uint64_t memory_share();

}  // namespace rebus
