// ClusterGraph: what hangs together by near pairs, and which of it can be shown.
#pragma once

#include <vector>

#include "agents/support/near_pairs.h"

namespace rebus {

// Clusters of single linkage that have two files or more. Boxes are places of equal files; one cluster stands
// after the other, those of most files first.
struct ClusterGraph {
  struct Box {
    uint32_t place = 0;
    size_t cluster = 0;   // from 0
    size_t left_out = 0;  // files of its cluster that are not shown; told at one of its boxes
  };
  struct Line {
    size_t from = 0, to = 0;  // boxes
    uint32_t distance = 0;
    bool is_of_tree = false;  // by these alone everything hangs together
  };
  std::vector<Box> boxes;
  std::vector<Line> lines;
  size_t clusters = 0;  // with those that are not shown
  size_t files = 0;     // in them
  size_t left_out = 0;  // files of them that are not shown

  static constexpr size_t kMaxBoxes = 100;
  static constexpr size_t kMaxOfCluster = 20;  // boxes

  // `files`: how many each place has.
  static ClusterGraph of(const std::vector<size_t>& files, const NearPairs::Kept& pairs);
};

}  // namespace rebus
