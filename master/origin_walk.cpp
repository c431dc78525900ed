#include "master/origin_walk.h"

#include <unordered_set>

namespace rebus {
namespace {

constexpr size_t kPage = 1000;

}  // namespace

// Not recursive: chains of containers are as long as an attacker likes. What was looked at without success is
// not remembered but for the object itself: on a loop it may be reached in another way.
Result<bool> OriginWalk::reaches(Seq object) {
  std::vector<Seq> open{object};
  std::unordered_set<Seq> seen{object};
  bool found = false;
  while (!open.empty() && !found) {
    Seq next = open.back();
    open.pop_back();
    auto remembered = known_.find(next);
    if (remembered != known_.end()) {
      found = remembered->second;
      continue;
    }
    std::vector<Seq> containers;
    auto counts = look(next, containers);
    if (!counts) return counts.error();
    found = *counts;
    for (Seq container : containers) {
      if (seen.insert(container).second) open.push_back(container);
    }
  }
  known_[object] = found;
  return found;
}

// Whether one of its own injections counts; else gives what it was extracted from.
Result<bool> OriginWalk::look(Seq object, std::vector<Seq>& containers) {
  for (Seq from = 0;;) {
    auto origins = storage_.origins_of(object, from, kPage);
    if (!origins) return origins.error();
    for (const Origin& origin : *origins) {
      if (origin.container != 0) {
        containers.push_back(origin.container);
        continue;
      }
      auto counts = counts_(origin);
      if (!counts || *counts) return counts;
    }
    if (origins->size() < kPage) return false;
    from = origins->back().seq + 1;
  }
}

}  // namespace rebus
