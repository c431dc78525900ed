// The system calls that a parser needs: seccomp's part of the cage.
#pragma once

#include <string>

#include "descriptor/result.h"

namespace rebus {

// From now on only those; opening and asking about files by name is refused (EACCES), unless it
// `has_scratch`; anything else, calls of another architecture too, ends the process with SIGSYS. Gives the
// name of the layer.
Result<std::string> allow_parser_calls(bool has_scratch);

}  // namespace rebus
