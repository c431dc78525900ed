// Budget: how much may come out of one container, and what was the first thing it ran out of.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "bus/agent.h"

namespace rebus {

// Counts what really came out, never what an archive declares. One thread.
class Budget {
 public:
  Budget(const Limits& limits, uint64_t container_bytes);

  struct Spent {
    std::string what;  // last component of the /limit/… result
    uint64_t limit = 0;
    std::string reason;  // for people
  };

  // Whether one more entry may be looked at. Also looks at the clock.
  std::optional<Spent> entry();
  // Whether a member that has grown to `size` bytes may have them.
  std::optional<Spent> grow(uint64_t size) const;
  // A member of `size` bytes is complete.
  void member(uint64_t size) { bytes_ += size; }

  // The same members come once more: they are counted anew.
  void begin_again() { entries_ = bytes_ = 0; }
  // What is left.
  uint64_t room() const { return container_limit_ - bytes_; }
  std::chrono::milliseconds time_left() const;

  uint64_t entries() const { return entries_; }
  uint64_t bytes() const { return bytes_; }

 private:
  std::optional<Spent> time() const;

  const Limits& limits_;
  uint64_t container_limit_;
  std::chrono::steady_clock::time_point end_;
  uint64_t entries_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace rebus
