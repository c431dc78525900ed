// LinkGraph: which files are linked, and how to show many of them in few boxes.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "descriptor/uuid.h"

namespace rebus {

// One link. If it has no direction, the smaller uuid comes first, so that both halves of a pair are one link.
struct Link {
  Uuid from, to;
  std::string type;
  bool is_directed = false;
  auto operator<=>(const Link&) const = default;
};

// Boxes and the lines between them; numbers are places in `boxes`.
struct BoxedGraph {
  struct Line {
    size_t from = 0, to = 0;
    bool is_directed = false;
    std::set<std::string> types;
  };
  std::vector<std::vector<Uuid>> boxes;  // the files of each, sorted
  std::vector<Line> lines;
  size_t left_out = 0;  // files of boxes that were too many
};

class LinkGraph {
 public:
  // A link of a file to itself is none.
  void add(Link link);
  const std::set<Link>& links() const { return links_; }
  size_t files() const;

  // Files linked in the same ways to the same others share a box if they are many (more than kFew); at most
  // `most_boxes`, those of most files and lines first. The same links give the same answer, in whatever order
  // they came.
  BoxedGraph boxed(size_t most_boxes) const;
  static constexpr size_t kFew = 3;

 private:
  using Neighbours = std::set<std::tuple<Uuid, std::string, int>>;  // other, type, direction
  std::map<Uuid, Neighbours> neighbours() const;

  std::set<Link> links_;
};

}  // namespace rebus
