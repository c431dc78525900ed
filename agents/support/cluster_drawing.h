// ClusterDrawing: clusters of near files in the DOT language of Graphviz, made to be read.
#pragma once

#include <string>
#include <vector>

#include "agents/support/cluster_graph.h"
#include "agents/support/distance_matrix.h"

namespace rebus {

struct ClusterDrawing {
  std::string title, legend;            // ours: no hostile text
  std::vector<std::string> notes = {};  // what is not shown, ours as well
  uint32_t max_distance = 0;
  ClusterGraph graph = {};
  std::vector<std::vector<Uuid>> files = {};          // of each box, sorted
  std::vector<std::vector<std::string>> labels = {};  // lines of each box; hostile text

  // All but the labels.
  static ClusterDrawing of(const SignatureMetric& metric, const DistanceMatrix& matrix);
  std::string dot() const;

 private:
  std::string box(size_t number) const;
  std::string line(const ClusterGraph::Line& line) const;
};

}  // namespace rebus
