// TreeDrawing: how a submission looks as a tree. Knows nothing of the bus.
#pragma once

#include <string>
#include <vector>

#include "agents/support/handling.h"
#include "agents/support/rendering.h"

namespace rebus {

// A file under one of its names.
struct TreeNode {
  std::string name;
  Record record;
  std::string parent;     // selector of the container; empty: a root
  size_t level = 0;       // 0: a root
  bool is_again = false;  // its object was drawn before
  Handling handling;
};

// For each level above a node, and for its own, whether more nodes are to come on it; empty for a root.
using TreeBranches = std::vector<bool>;

class TreeDrawing {
 public:
  explicit TreeDrawing(const Setting& setting) : setting_(setting) {}

  void draw_header(SubmissionId id, const Descriptor& note);
  void draw(const TreeNode& node, const TreeBranches& branches);
  // What stands in `node` is not drawn, as it lies too deep.
  void draw_cut(const TreeNode& node, const TreeBranches& branches);
  void draw_footer(const SubmissionStatus& status);

 private:
  std::string line(const TreeNode& node) const;

  Setting setting_;
  uint64_t failures_ = 0, limits_ = 0;  // drawn ones; of files known before they are no part of the status
};

}  // namespace rebus
