// planted BUG: succeeds when some seed breaks a law, with that bug in the master.
#include <cstdio>
#include <map>
#include <string_view>

#include "master/plant.h"
#include "tests/simulation/world.h"

namespace rebus {
namespace {

const std::map<std::string_view, Plant> kPlants = {
    {"ack_before_sync", Plant::kAckBeforeSync},
    {"unfenced_finish", Plant::kUnfencedFinish},
    {"mark_outside_batch", Plant::kMarkOutsideBatch},
    {"forgotten_claim", Plant::kForgottenClaim},
    {"stuck_cursor", Plant::kStuckCursor},
    {"blame_on_prefetch", Plant::kBlameOnPrefetch},
};

int run(std::string_view name) {
  planted = kPlants.at(name);
  for (uint64_t seed = 0; seed < 2000; seed++) {
    simulation::World disturbed(seed, true);
    std::string broken = disturbed.run();
    if (broken.empty()) continue;
    std::printf("caught with seed %lu: %s\n", static_cast<unsigned long>(seed), broken.c_str());
    return 0;
  }
  std::printf("not caught by 2000 seeds\n");
  return 1;
}

}  // namespace
}  // namespace rebus

int main(int argc, char** argv) { return argc == 2 ? rebus::run(argv[1]) : 2; }
