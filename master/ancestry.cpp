#include "master/ancestry.h"

#include <algorithm>
#include <map>

namespace rebus {

uint32_t repeats(const std::vector<PathCount>& ancestry, const std::string& path) {
  auto it = std::lower_bound(ancestry.begin(), ancestry.end(), path,
                             [](const PathCount& entry, const std::string& p) { return entry.path < p; });
  return it != ancestry.end() && it->path == path ? it->count : 0;
}

std::vector<PathCount> extend_ancestry(const std::vector<Record>& parents, const std::string& path) {
  std::map<std::string, uint32_t> worst;
  for (const Record& parent : parents) {
    for (const PathCount& entry : parent.ancestry) {
      uint32_t& count = worst[entry.path];
      count = std::max(count, entry.count);
    }
  }
  worst[path]++;
  std::vector<PathCount> ancestry;
  ancestry.reserve(worst.size());
  for (const auto& [p, count] : worst) ancestry.push_back({p, count});
  return ancestry;
}

}  // namespace rebus
