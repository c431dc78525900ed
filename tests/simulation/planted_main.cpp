// Built once for each planted bug: succeeds when some seed breaks a law.
#include <cstdio>

#include "tests/simulation/world.h"

int main() {
  for (uint64_t seed = 0; seed < 2000; seed++) {
    rebus::simulation::World disturbed(seed, true);
    std::string broken = disturbed.run();
    if (broken.empty()) continue;
    std::printf("caught with seed %lu: %s\n", static_cast<unsigned long>(seed), broken.c_str());
    return 0;
  }
  std::printf("not caught by 2000 seeds\n");
  return 1;
}
