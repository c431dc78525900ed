// The file that rebus_infra is called with.
#pragma once

#include <string>

#include "descriptor/result.h"

namespace rebus {

// Its text; one byte more than kMaxYamlBytes at most, so that too much is seen. kInvalid.
Result<std::string> read_settings(const std::string& file);

}  // namespace rebus
