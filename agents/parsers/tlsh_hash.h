// TLSH: a hash that is alike for files that are alike.
#pragma once

#include <string>

#include "descriptor/value.h"

namespace rebus {

// In the form of TLSH 4: "T1" and 70 hex digits in upper case. Empty where TLSH is not defined: for fewer
// than 256 bytes, more than 4 GiB, or bytes that are too much alike. Errors of reading the value as they are.
Result<std::string> tlsh_hash(const Value& value);

}  // namespace rebus
