// Mutation: damages bytes, from a seed.
#pragma once

#include <random>
#include <string>
#include <vector>

namespace rebus {

class Mutation {
 public:
  explicit Mutation(uint64_t seed) : random_(seed) {}
  // One to four times one of: flipped bits, other bytes, a part gone, twice, or from another one of `others`.
  void apply(std::string& bytes, const std::vector<std::string>& others);

 private:
  size_t below(size_t end) { return end == 0 ? 0 : random_() % end; }
  void step(std::string& bytes, const std::vector<std::string>& others);

  std::mt19937_64 random_;
};

}  // namespace rebus
