// Seeded lives of a bus, every fourth one also with an operator at work. A broken law names its seed: SEED=n
// ./simulation_test plays it.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/simulation/world.h"

namespace rebus::simulation {
namespace {

constexpr uint64_t kSeeds = REBUS_SEEDS;  // 20,000; fewer under sanitizers
constexpr uint64_t kParts = 10;           // so that several cores share them

std::string play(uint64_t seed) {
  World disturbed(seed, true);
  std::string broken = disturbed.run();
  if (!broken.empty()) return broken;
  World calm(seed, false);
  broken = calm.run();
  if (!broken.empty()) return "undisturbed: " + broken;
  if (disturbed.outcome() != calm.outcome()) return "the final set equals the undisturbed run's";
  if (seed % 4 != 0) return "";
  World operated(seed, true, true);
  broken = operated.run();
  return broken.empty() ? "" : "operated: " + broken;
}

class Simulation : public testing::TestWithParam<uint64_t> {};

TEST_P(Simulation, every_law_holds_for_every_seed) {
  uint64_t per_part = kSeeds / kParts;
  for (uint64_t i = 0; i < per_part; i++) {
    uint64_t seed = GetParam() * per_part + i;
    ASSERT_EQ(play(seed), "") << "seed " << seed;
  }
  std::printf("%lu seeds\n", static_cast<unsigned long>(per_part));
}

INSTANTIATE_TEST_SUITE_P(seeds, Simulation, testing::Range<uint64_t>(0, kParts));

TEST(SimulationOfOneSeed, can_be_repeated) {
  const char* seed = std::getenv("SEED");
  ASSERT_EQ(play(seed != nullptr ? std::strtoull(seed, nullptr, 10) : 1), "");
}

}  // namespace
}  // namespace rebus::simulation
