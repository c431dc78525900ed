// PathWalk: the descriptors of some type paths, in log order or against it, without loading any.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

#include "descriptor/record.h"
#include "storage/table.h"

namespace rebus {

// Calls `use` once for each (domain, path) that has descriptors and whose path begins with `prefix` (bytes,
// not components). Cost: a seek per path and domain. kStorage.
Result<void> for_each_path(const Table& table, const std::optional<Domain>& domain, const std::string& prefix,
                           const std::function<void(std::string_view domain, std::string_view path)>& use);

class PathWalk {
 public:
  enum class Order { kOldestFirst, kNewestFirst };
  struct Step {
    Seq seq = 0;
    Digest id;
    const std::string* path = nullptr;  // lives as long as the walk
  };

  // `from`: the first position that may be given; 0: from the end where the order begins.
  PathWalk(const Table& table, Order order, Seq from);
  void add(std::string_view domain, std::string_view path);
  // The next of all paths together; nullopt at the end. kStorage.
  Result<std::optional<Step>> next();

 private:
  // One type path of one domain, and the part of its index that was read ahead.
  struct Lane {
    std::string key_prefix;
    std::string path;
    Seq from = 0;
    std::deque<Step> ahead;
    bool is_at_end = false;
  };
  struct Head {
    Seq rank;  // smaller is earlier
    size_t lane;
    bool operator>(const Head& other) const { return rank > other.rank; }
  };

  Seq rank(Seq seq) const { return order_ == Order::kOldestFirst ? seq : ~seq; }
  Result<void> start();
  Result<void> queue_head(size_t lane);
  Result<void> read_ahead(Lane& lane);
  Result<void> read_step(Lane& lane);

  const Table& table_;
  Order order_;
  Seq from_;
  std::unique_ptr<TableIterator> at_;
  std::deque<Lane> lanes_;
  std::priority_queue<Head, std::vector<Head>, std::greater<>> heads_;
  bool is_started_ = false;
};

}  // namespace rebus
