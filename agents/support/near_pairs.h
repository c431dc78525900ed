// NearPairs: which of many things are near each other, in bounded memory.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rebus {

// Two places and how far apart they are; a < b. The nearest are the smallest.
struct NearPair {
  uint32_t distance = 0, a = 0, b = 0;
  auto operator<=>(const NearPair&) const = default;
};

// Keeps the pairs by which everything hangs together (a spanning forest of the smallest distances, hence the
// clusters of single linkage) and, as far as there is room, the nearest others. Whatever came in whatever
// order and in however many parts, the same pairs stay: a pair that is dropped once would be dropped of all.
class NearPairs {
 public:
  // Of so many places, at most `most` pairs; a forest, which has fewer pairs than places, stays whole.
  NearPairs(size_t places, size_t most) : places_(places), most_(most) {}

  void add(NearPair pair);
  void add_left_out(uint64_t count) { left_out_ += count; }

  struct Kept {
    std::vector<NearPair> pairs;   // by their places
    std::vector<NearPair> forest;  // among them; nearest first
    uint64_t left_out = 0;         // pairs that are near, too, and were too many
  };
  Kept take();

 private:
  std::vector<NearPair> thin();

  size_t places_, most_;
  std::vector<NearPair> pairs_;
  uint64_t left_out_ = 0;
};

}  // namespace rebus
