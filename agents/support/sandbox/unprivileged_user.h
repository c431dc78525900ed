// Who runs what root is not to run.
#pragma once

#include <sys/types.h>

#include "descriptor/result.h"

namespace rebus {

inline constexpr uid_t kNobody = 65534;  // of Debian, also the group

// Of root: this process becomes nobody, with no groups. Of others: nothing.
Result<void> stop_being_root();

}  // namespace rebus
