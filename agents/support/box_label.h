// What stands in a box of a graph: which files it is.
#pragma once

#include <string>
#include <vector>

#include "agents/support/current_names.h"
#include "descriptor/uuid.h"

namespace rebus {

// Lines; hostile text. A file: its names, sorted, and type path. Several: how many, what they have in common
// (`alike`: "with the same links"), and the names of some.
Result<std::vector<std::string>> box_label(Bus& bus, const Domain& domain, const std::vector<Uuid>& files,
                                           CurrentNames& names, const std::string& alike);

}  // namespace rebus
