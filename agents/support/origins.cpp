#include "agents/support/origins.h"

#include <algorithm>
#include <unordered_set>

#include "bus/bus.h"

namespace rebus {
namespace {

// An injection, or a first origin: nothing stands inside an object that is not there yet.
bool cannot_close_loop(const Origin& origin) { return origin.container == 0 || origin.seq == origin.object; }

}  // namespace

Result<std::vector<Origin>> BusOrigins::origins_of(Seq object, Seq upto) {
  return bus_.origins_of(object, upto);
}
Result<std::vector<Origin>> BusOrigins::contents_of(Seq container, Seq upto) {
  return bus_.contents_of(container, upto);
}

Result<const std::vector<OriginStep>*> OriginGraph::steps(OriginSource& source, Seq object, Seq upto) {
  auto node = complete(source, object, upto);
  if (!node) return node.error();
  return &(*node)->steps;
}

Result<bool> OriginGraph::has_loops(OriginSource& source, Seq object, Seq upto) {
  auto node = complete(source, object, upto);
  if (!node) return node.error();
  return (*node)->has_loops;
}

Result<OriginGraph::Node*> OriginGraph::complete(OriginSource& source, Seq object, Seq upto) {
  auto node = fetch(source, object, upto);
  if (!node || (*node)->loops_found) return node;
  auto found = find_loops(source, **node, upto);
  if (!found) return found.error();
  return node;
}

Result<OriginStep> OriginGraph::add(OriginSource& source, const Origin& origin) {
  auto node = fetch(source, origin.object, origin.seq);
  if (!node) return node.error();
  auto& steps = (*node)->steps;
  if (steps.empty() || steps.back().origin.seq < origin.seq) append(**node, origin);
  auto loop = closes_loop(source, origin, origin.seq);
  if (!loop) return loop.error();
  steps.back().closes_loop = *loop;
  (*node)->has_loops = (*node)->has_loops || *loop;
  return steps.back();
}

void OriginGraph::forget() {
  nodes_.clear();
  bytes_ = 0;
}

Result<OriginGraph::Node*> OriginGraph::fetch(OriginSource& source, Seq object, Seq upto) {
  auto known = nodes_.find(object);
  if (known != nodes_.end()) return &known->second;
  auto origins = source.origins_of(object, upto);
  if (!origins) return origins.error();
  std::sort(origins->begin(), origins->end(), [](auto& a, auto& b) { return a.seq < b.seq; });
  Node& node = nodes_[object];
  bytes_ += sizeof(Node) + 64;
  for (const Origin& origin : *origins) append(node, origin);
  return &node;
}

void OriginGraph::append(Node& node, const Origin& origin) {
  node.steps.push_back({origin});
  bytes_ += sizeof(OriginStep) + origin.name.size() + origin.agent.size();
}

Result<void> OriginGraph::find_loops(OriginSource& source, Node& node, Seq upto) {
  std::unordered_set<Seq> harmless;  // containers that stand outside the object to this day
  for (OriginStep& step : node.steps) {
    const Origin& origin = step.origin;
    if (cannot_close_loop(origin) || harmless.contains(origin.container)) continue;
    auto ever = stands_in(source, origin.container, origin.object, UINT64_MAX, upto);
    if (!ever) return ever.error();
    if (!*ever) {
      harmless.insert(origin.container);
      continue;
    }
    auto loop = closes_loop(source, origin, upto);
    if (!loop) return loop.error();
    step.closes_loop = *loop;
    node.has_loops = node.has_loops || *loop;
  }
  node.loops_found = true;
  return {};
}

Result<bool> OriginGraph::closes_loop(OriginSource& source, const Origin& origin, Seq upto) {
  if (cannot_close_loop(origin)) return false;
  return stands_in(source, origin.container, origin.object, origin.seq, upto);
}

// Whether `inner` is `outer` or stands inside it, by origins before `before`.
Result<bool> OriginGraph::stands_in(OriginSource& source, Seq inner, Seq outer, Seq before, Seq upto) {
  std::vector<Seq> open{inner};
  std::unordered_set<Seq> seen{inner};
  while (!open.empty()) {
    Seq object = open.back();
    open.pop_back();
    if (object == outer) return true;
    auto node = fetch(source, object, upto);
    if (!node) return node.error();
    for (const OriginStep& step : (*node)->steps) {
      Seq container = step.origin.container;
      if (step.origin.seq < before && container != 0 && seen.insert(container).second)
        open.push_back(container);
    }
  }
  return false;
}

}  // namespace rebus
