#include "agents/support/link_graph.h"

#include <algorithm>
#include <utility>

namespace rebus {
namespace {

struct Box {
  std::vector<Uuid> files;
  size_t degree = 0;
};

// The most telling first.
void keep_best(std::vector<Box>& boxes, size_t most, size_t& left_out) {
  auto is_better = [](const Box& a, const Box& b) {
    return std::tuple(b.files.size(), b.degree, a.files.front()) <
           std::tuple(a.files.size(), a.degree, b.files.front());
  };
  std::ranges::sort(boxes, is_better);
  for (; boxes.size() > most; boxes.pop_back()) left_out += boxes.back().files.size();
  std::ranges::sort(boxes, {}, [](const Box& box) { return box.files.front(); });
}

std::map<Uuid, size_t> places_of(const std::vector<std::vector<Uuid>>& boxes) {
  std::map<Uuid, size_t> places;
  for (size_t i = 0; i < boxes.size(); i++) {
    for (const Uuid& file : boxes[i]) places[file] = i;
  }
  return places;
}

}  // namespace

void LinkGraph::add(Link link) {
  if (link.from == link.to) return;
  if (!link.is_directed && link.to < link.from) std::swap(link.from, link.to);
  links_.insert(std::move(link));
}

size_t LinkGraph::files() const { return neighbours().size(); }

std::map<Uuid, LinkGraph::Neighbours> LinkGraph::neighbours() const {
  std::map<Uuid, Neighbours> all;
  for (const Link& link : links_) {
    int direction = link.is_directed ? 1 : 0;
    all[link.from].emplace(link.to, link.type, direction);
    all[link.to].emplace(link.from, link.type, -direction);
  }
  return all;
}

BoxedGraph LinkGraph::boxed(size_t most_boxes) const {
  std::map<Neighbours, std::vector<Uuid>> alike;
  for (auto& [file, neighbours] : neighbours()) alike[neighbours].push_back(file);
  std::vector<Box> boxes;
  for (auto& [neighbours, files] : alike) {
    if (files.size() > kFew) {
      boxes.push_back({std::move(files), neighbours.size()});
    } else {
      for (const Uuid& file : files) boxes.push_back({{file}, neighbours.size()});
    }
  }
  BoxedGraph graph;
  keep_best(boxes, most_boxes, graph.left_out);
  for (Box& box : boxes) graph.boxes.push_back(std::move(box.files));

  auto places = places_of(graph.boxes);
  std::map<std::tuple<size_t, size_t, bool>, std::set<std::string>> lines;
  for (const Link& link : links_) {
    auto from = places.find(link.from), to = places.find(link.to);
    if (from == places.end() || to == places.end()) continue;
    auto ends = std::pair(from->second, to->second);
    if (!link.is_directed && ends.second < ends.first) std::swap(ends.first, ends.second);
    lines[{ends.first, ends.second, link.is_directed}].insert(link.type);
  }
  for (auto& [ends, types] : lines) {
    graph.lines.push_back({std::get<0>(ends), std::get<1>(ends), std::get<2>(ends), std::move(types)});
  }
  return graph;
}

}  // namespace rebus
