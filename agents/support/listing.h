// A listing: one line per stored descriptor, without values.
#pragma once

#include "agents/support/current_names.h"
#include "agents/support/rendering.h"

namespace rebus {

// The selector; with -o json all metadata and the names of the file. Ends with a newline.
Result<std::string> listing_line(const Setting& setting, const Record& record, CurrentNames& names);

}  // namespace rebus
