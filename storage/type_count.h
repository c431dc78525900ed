// Counts how many descriptors of each kind are stored, in the step that adds or removes them.
#pragma once

#include "descriptor/record.h"
#include "storage/transaction.h"

namespace rebus {

// `change`: +1 or -1. kStorage.
Result<void> count_type(Transaction& transaction, const Record& record, int change);

}  // namespace rebus
