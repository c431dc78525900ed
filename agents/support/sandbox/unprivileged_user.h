// Who runs what root is not to run.
#pragma once

#include "descriptor/result.h"

namespace rebus {

// Of root: this process becomes nobody (65534), with no groups. Of others: nothing.
Result<void> stop_being_root();

}  // namespace rebus
