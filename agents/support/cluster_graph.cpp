#include "agents/support/cluster_graph.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace rebus {
namespace {

struct Neighbour {
  uint32_t distance = 0, place = 0;
  auto operator<=>(const Neighbour&) const = default;
};
using Trees = std::vector<std::vector<Neighbour>>;  // by place, nearest first

Trees trees_of(size_t places, const std::vector<NearPair>& forest) {
  Trees trees(places);
  for (const NearPair& pair : forest) {
    trees[pair.a].push_back({pair.distance, pair.b});
    trees[pair.b].push_back({pair.distance, pair.a});
  }
  for (auto& neighbours : trees) std::ranges::sort(neighbours);
  return trees;
}

// Everything that hangs together with `start`, from there outwards.
std::vector<uint32_t> tree_from(uint32_t start, const Trees& trees) {
  std::vector<uint32_t> reached{start};
  std::set<uint32_t> seen{start};
  for (size_t i = 0; i < reached.size(); i++) {
    for (const Neighbour& next : trees[reached[i]]) {
      if (seen.insert(next.place).second) reached.push_back(next.place);
    }
  }
  return reached;
}

// The one with most neighbours: around it a part of the cluster shows most.
uint32_t middle_of(const std::vector<uint32_t>& cluster, const Trees& trees) {
  auto rank = [&](uint32_t place) { return std::tuple(-static_cast<int64_t>(trees[place].size()), place); };
  return *std::ranges::min_element(cluster, {}, rank);
}

struct Cluster {
  size_t files = 0;
  std::vector<uint32_t> places;  // from its middle outwards
};

std::vector<Cluster> clusters_of(const std::vector<size_t>& files, const Trees& trees) {
  std::vector<Cluster> clusters;
  std::vector<bool> seen(files.size());
  for (uint32_t place = 0; place < files.size(); place++) {
    if (seen[place]) continue;
    Cluster cluster{0, tree_from(place, trees)};
    for (uint32_t each : cluster.places) seen[each] = true, cluster.files += files[each];
    if (cluster.files < 2) continue;
    cluster.places = tree_from(middle_of(cluster.places, trees), trees);
    clusters.push_back(std::move(cluster));
  }
  std::ranges::stable_sort(clusters, [](const Cluster& a, const Cluster& b) { return a.files > b.files; });
  return clusters;
}

}  // namespace

ClusterGraph ClusterGraph::of(const std::vector<size_t>& files, const NearPairs::Kept& pairs) {
  ClusterGraph graph;
  std::map<uint32_t, size_t> box_of;
  for (const Cluster& cluster : clusters_of(files, trees_of(files.size(), pairs.forest))) {
    size_t room = std::min(kMaxOfCluster, kMaxBoxes - graph.boxes.size());
    size_t shown = 0, first = graph.boxes.size();
    for (size_t i = 0; i < std::min(room, cluster.places.size()); i++) {
      box_of[cluster.places[i]] = graph.boxes.size();
      graph.boxes.push_back({cluster.places[i], graph.clusters, 0});
      shown += files[cluster.places[i]];
    }
    if (room > 0) graph.boxes[first].left_out = cluster.files - shown;
    graph.left_out += cluster.files - shown;
    graph.files += cluster.files;
    graph.clusters++;
  }
  std::set<NearPair> forest(pairs.forest.begin(), pairs.forest.end());
  for (const NearPair& pair : pairs.pairs) {
    auto from = box_of.find(pair.a), to = box_of.find(pair.b);
    if (from == box_of.end() || to == box_of.end()) continue;
    graph.lines.push_back({from->second, to->second, pair.distance, forest.contains(pair)});
  }
  return graph;
}

}  // namespace rebus
