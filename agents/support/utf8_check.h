// Whether a value of any size is UTF-8.
#pragma once

#include "descriptor/value.h"

namespace rebus {

// Reads the value in chunks.
Result<bool> is_utf8_value(const Value& value);

}  // namespace rebus
