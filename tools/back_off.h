// BackOff: how long to wait before something that ended is started again.
#pragma once

#include <chrono>

namespace rebus {

// 1, 2, 4, … 60 s; forgotten when it ran for a minute.
class BackOff {
 public:
  static constexpr std::chrono::seconds kLongest{60};
  static constexpr std::chrono::seconds kHealthy{60};

  // It ended after `ran`. Gives the time to wait.
  std::chrono::seconds ended_after(std::chrono::steady_clock::duration ran) {
    if (ran >= kHealthy) next_ = std::chrono::seconds(1);
    auto wait = next_;
    next_ = next_ * 2 < kLongest ? next_ * 2 : kLongest;
    return wait;
  }

 private:
  std::chrono::seconds next_{1};
};

}  // namespace rebus
