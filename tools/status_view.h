// StatusView: what a bus and its agents are doing, as lines for people.
#pragma once

#include <array>
#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "bus/message.h"

namespace rebus {

// Things per second over the last seconds.
class RateMeter {
 public:
  void count(std::chrono::steady_clock::time_point when, uint64_t total);
  double per_second() const;

 private:
  struct Sample {
    std::chrono::steady_clock::time_point when;
    uint64_t total = 0;
  };
  std::deque<Sample> samples_;
};

// One agent of the configuration, or the master.
struct AgentRow {
  std::string name;
  unsigned running = 0, wanted = 0;  // processes
  unsigned restarts = 0;
  std::string state;         // of one that is no consumer, or has trouble: "done", "starts again in 4 s"
  bool is_consumer = false;  // then the figures hold
  uint64_t handled = 0, failed = 0, at_work = 0;
  std::optional<uint64_t> total = {};  // handled, and still to be
  double rate = 0;                     // handled per second
  uint64_t delayed = 0;                // to be tried again later
};

struct BusOverview {
  std::string title;
  size_t stage = 0, stages = 0;  // from 1; 0: not begun
  std::chrono::seconds age{0};   // of the launcher
  bool answers = false;          // the master
  bool is_idle = false;
  uint64_t descriptors = 0;
  std::array<uint64_t, kLanes> queue{};  // descriptors still to be handled, of all consumers
  std::vector<AgentRow> rows;
};

// A table.
std::vector<std::string> status_lines(const BusOverview& overview);
// The same in one line, for logs.
std::string status_summary(const BusOverview& overview);

}  // namespace rebus
