#include "agents/support/budget.h"

#include <algorithm>

namespace rebus {
namespace {

constexpr uint64_t kRatioBonus = 100;

uint64_t container_limit(const Limits& limits, uint64_t container_bytes) {
  uint64_t bonus = 0, sum = 0;
  if (!limits.ratio_bonus) return limits.container_bytes;
  if (__builtin_mul_overflow(container_bytes, kRatioBonus, &bonus)) return UINT64_MAX;
  return __builtin_add_overflow(limits.container_bytes, bonus, &sum) ? UINT64_MAX : sum;
}

}  // namespace

Budget::Budget(const Limits& limits, uint64_t container_bytes)
    : limits_(limits),
      container_limit_(container_limit(limits, container_bytes)),
      end_(std::chrono::steady_clock::now() + limits.time) {}

std::chrono::milliseconds Budget::time_left() const {
  using std::chrono::milliseconds;
  return std::max(std::chrono::ceil<milliseconds>(end_ - std::chrono::steady_clock::now()), milliseconds(0));
}

std::optional<Budget::Spent> Budget::time() const {
  if (std::chrono::steady_clock::now() < end_) return {};
  return Spent{"time", static_cast<uint64_t>(limits_.time.count()),
               "taking it apart took more seconds than allowed"};
}

std::optional<Budget::Spent> Budget::entry() {
  if (entries_ == limits_.entries)
    return Spent{"entries", limits_.entries, "more entries than allowed in one archive"};
  entries_++;
  return time();
}

std::optional<Budget::Spent> Budget::grow(uint64_t size) const {
  if (size > container_limit_ - bytes_)
    return Spent{"bytes", container_limit_, "more bytes came out than allowed for this archive"};
  if (size > limits_.entry_bytes)
    return Spent{"entry-bytes", limits_.entry_bytes, "a member has more bytes than allowed"};
  return time();
}

}  // namespace rebus
