// Words of a line, as a shell would split it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "descriptor/result.h"

namespace rebus {

// Words are parted by white space; '…', "…" and \x keep characters as they are. Nothing is expanded. kInvalid
// for a quote that is not closed.
Result<std::vector<std::string>> split_words(std::string_view line);

}  // namespace rebus
