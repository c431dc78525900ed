// Ancestry: what the loop rule needs to know of all ancestors, carried along so that a push costs the same in
// any graph (the original walked the graph: exponential on diamonds).
#pragma once

#include <string>
#include <vector>

#include "descriptor/record.h"

namespace rebus {

// How often `path` stands on the worst way from a root to here.
uint32_t repeats(const std::vector<PathCount>& ancestry, const std::string& path);

// Of a descriptor with these parents and type path: per path the worst of its parents, and itself.
std::vector<PathCount> extend_ancestry(const std::vector<Record>& parents, const std::string& path);

}  // namespace rebus
