// What only a build with faults has. crash_point() ends the process by SIGKILL, as a crash would:
// REBUS_CRASH=NAME[:N] at the N-th passing of that point. REBUS_STALL=NAME[:N]: there it does nothing for 12
// seconds, longer than a session lives, as somebody does who waits for a disk; then it says so.
// REBUS_HOG=NAME[:N]: there it takes memory until there is none.
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "descriptor/crash_point.h"
#include "master/plant.h"

namespace rebus {

Plant planted = Plant::kNone;

namespace {

struct ChosenPoint {
  std::string name;
  std::atomic<int> left{1};

  explicit ChosenPoint(const char* variable) {
    const char* words = std::getenv(variable);
    if (words == nullptr) return;
    name = words;
    size_t colon = name.find(':');
    if (colon == name.npos) return;
    left = std::atoi(name.c_str() + colon + 1);
    name.resize(colon);
  }
  bool is_reached(const char* point) { return name == point && --left == 0; }
};

// Somebody ends it, or it ends by an exception.
void take_all_memory() {
  for (std::vector<std::string> all;;) all.emplace_back(1 << 20, 'x');
}

}  // namespace

void crash_point(const char* name) {
  static ChosenPoint death("REBUS_CRASH"), stall("REBUS_STALL"), hog("REBUS_HOG");
  if (death.is_reached(name)) kill(getpid(), SIGKILL);
  if (hog.is_reached(name)) take_all_memory();
  if (!stall.is_reached(name)) return;
  for (unsigned left = 12; left > 0;) left = sleep(left);
  std::fprintf(stderr, "stalled at %s\n", name);
}

}  // namespace rebus
