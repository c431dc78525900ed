// What only a build with faults has. crash_point() ends the process by SIGKILL, as a crash would:
// REBUS_CRASH=NAME[:N] at the N-th passing of that point.
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>

#include "descriptor/crash_point.h"
#include "master/plant.h"

namespace rebus {

Plant planted = Plant::kNone;

namespace {

struct ChosenPoint {
  std::string name;
  std::atomic<int> left{1};

  ChosenPoint() {
    const char* words = std::getenv("REBUS_CRASH");
    if (words == nullptr) return;
    name = words;
    size_t colon = name.find(':');
    if (colon == name.npos) return;
    left = std::atoi(name.c_str() + colon + 1);
    name.resize(colon);
  }
};

}  // namespace

void crash_point(const char* name) {
  static ChosenPoint chosen;
  if (chosen.name != name || --chosen.left != 0) return;
  kill(getpid(), SIGKILL);
}

}  // namespace rebus
