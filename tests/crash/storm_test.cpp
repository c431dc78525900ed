// Processes killed at random, again and again, give what an undisturbed run gives.
#include <gtest/gtest.h>
#include <poll.h>

#include <csignal>
#include <cstdlib>
#include <random>

#include "tests/crash/bus_of_processes.h"

namespace rebus::storm_test {
namespace {

int number_from(const char* variable, int fallback) {
  const char* text = std::getenv(variable);
  return text == nullptr ? fallback : std::atoi(text);
}

// Schedules: REBUS_SCHEDULES (300), the first with the seed REBUS_SEED (1).
class StormTest : public testing::Test {
 protected:
  StormTest() {
    for (const char* kind : {"unarchive", "unarchive", "hasher", "hasher", "file_id", "stringer", "clock"}) {
      bus_.add_worker({kind});
    }
  }

  // Waits a little, kills one or all, and starts them again; some are told to die by themselves later.
  void run_schedule(unsigned seed) {
    random_.seed(seed);
    poll(nullptr, 0, below(200));
    bus_.keep_injecting();
    int who = below(100);
    if (who < 3) {
      for (auto& worker : bus_.workers()) bus_.replace(worker, SIGKILL);
      bus_.replace(bus_.master(), SIGKILL);
    } else if (who < 20) {
      bus_.replace(
          bus_.master(), SIGKILL,
          random_point({"push-validated", "push-applied", "finish-decoded", "finish-applied",
                        "commit-unsynced", "commit-synced", "task-sent", "start-noted", "push-answered"}));
    } else if (who < 25) {
      bus_.replace(bus_.producer(), SIGKILL);
    } else {
      auto& worker = bus_.workers()[static_cast<size_t>(below(static_cast<int>(bus_.workers().size())))];
      bus_.replace(worker, SIGKILL,
                   random_point({"task-received", "process-begun", "output-given", "task-done", "finish-said",
                                 "finish-sent", "push-sent", "part-uploaded"}));
    }
    bus_.revive();
  }

  // What it tells at the end.
  void expect_undisturbed_result(const std::string& what) {
    uint64_t again = bus_.settle();
    size_t facts = bus_.expect_undisturbed_result();
    std::cout << what << ": " << bus_.deaths() << " deaths, " << again << " quarantined tasks done again; "
              << facts << " facts of " << bus_.injected() << " archives compared\n";
  }

  int below(int end) { return std::uniform_int_distribution(0, end - 1)(random_); }
  std::string random_point(const std::vector<std::string>& names) {
    if (below(2) == 0) return "";
    return names[static_cast<size_t>(below(static_cast<int>(names.size())))] + ":" +
           std::to_string(1 + below(20));
  }

  std::mt19937 random_;
  BusOfProcesses bus_;
};

TEST_F(StormTest, EveryScheduleEndsInTheSameResult) {
  const int schedules = number_from("REBUS_SCHEDULES", 300);
  const int seed = number_from("REBUS_SEED", 1);
  for (int i = 0; i < schedules && !HasFailure(); i++) run_schedule(static_cast<unsigned>(seed + i));
  expect_undisturbed_result(std::to_string(schedules) + " schedules from seed " + std::to_string(seed));
}

TEST_F(StormTest, AHundredRestartsOfTheMasterUnderLoadEndInTheSameResult) {
  constexpr int kRestarts = 100;
  random_.seed(1);
  for (int i = 0; i < kRestarts && !HasFailure(); i++) {
    bus_.keep_injecting();
    poll(nullptr, 0, below(400));
    bus_.replace(bus_.master(), i % 4 == 0 ? SIGTERM : SIGKILL);
    bus_.await_master();
    bus_.revive();
  }
  expect_undisturbed_result(std::to_string(kRestarts) + " restarts");
}

}  // namespace
}  // namespace rebus::storm_test
