// Pace: how many tasks an instance of a consumer may hold, told by how fast it ends them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace rebus {

// Enough that it never waits for the next one, and not so many that others have nothing to do meanwhile.
class Pace {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr uint32_t kFirst = 4;                   // tasks, whatever they take
  static constexpr std::chrono::milliseconds kAhead{20};  // of work
  static constexpr uint64_t kAheadBytes = 1 << 20;        // of values: what is larger takes longer

  // It had nothing to do, and has now.
  void begin(Time now) { since_ = now, ended_ = 0; }
  void end_one(Time now) {
    ended_++;
    const auto taken = now - since_;
    if (taken < kMeasured) return;
    allowance_ =
        static_cast<uint32_t>(std::min<int64_t>(ended_ * (kAhead / kMeasured) * kMeasured / taken, kMost));
    begin(now);
  }
  // Of tasks with so many bytes of values in hand.
  uint32_t allowance(uint64_t bytes) const {
    return bytes > kAheadBytes ? kFirst : std::max(allowance_, kFirst);
  }

 private:
  static constexpr std::chrono::milliseconds kMeasured{2};
  static constexpr int64_t kMost = 1024;
  Time since_;
  int64_t ended_ = 0;
  uint32_t allowance_ = kFirst;
};

}  // namespace rebus
