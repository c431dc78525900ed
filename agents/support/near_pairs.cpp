#include "agents/support/near_pairs.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

namespace rebus {
namespace {

// Which places hang together.
class Joined {
 public:
  explicit Joined(size_t places) : parents_(places) { std::iota(parents_.begin(), parents_.end(), 0); }
  // False if they do already.
  bool join(uint32_t a, uint32_t b) {
    uint32_t one = root(a), other = root(b);
    parents_[std::max(one, other)] = std::min(one, other);
    return one != other;
  }

 private:
  uint32_t root(uint32_t place) {
    while (parents_[place] != place) place = parents_[place] = parents_[parents_[place]];
    return place;
  }
  std::vector<uint32_t> parents_;
};

}  // namespace

void NearPairs::add(NearPair pair) {
  if (pair.a == pair.b) return;
  if (pair.b < pair.a) std::swap(pair.a, pair.b);
  pairs_.push_back(pair);
  if (pairs_.size() > 2 * (most_ + places_)) thin();
}

// Gives the forest.
std::vector<NearPair> NearPairs::thin() {
  std::ranges::sort(pairs_);
  pairs_.erase(std::unique(pairs_.begin(), pairs_.end()), pairs_.end());
  Joined joined(places_);
  std::vector<NearPair> forest, others;
  for (const NearPair& pair : pairs_) (joined.join(pair.a, pair.b) ? forest : others).push_back(pair);
  size_t room = most_ - std::min(most_, forest.size());
  if (others.size() > room) {
    left_out_ += others.size() - room;
    others.resize(room);
  }
  pairs_ = forest;
  pairs_.insert(pairs_.end(), others.begin(), others.end());
  return forest;
}

NearPairs::Kept NearPairs::take() {
  Kept kept;
  kept.forest = thin();
  kept.pairs = std::exchange(pairs_, {});
  std::ranges::sort(kept.pairs, {}, [](const NearPair& pair) { return std::tuple(pair.a, pair.b); });
  kept.left_out = left_out_;
  return kept;
}

}  // namespace rebus
