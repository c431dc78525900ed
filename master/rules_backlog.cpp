// The backlog: how much each consumer has still to handle, from counts alone, so that it costs the same
// however much there is.
#include "master/rules.h"

namespace rebus {

Master::Rules::PerLane Master::Rules::total_of(const Filter& filter, const std::vector<TypeCount>& types) {
  PerLane total{};
  for (const TypeCount& type : types) {
    if (!filter.matches(LogEntry{0, false, type.domain, type.path, type.is_object})) continue;
    total[static_cast<size_t>(type.lane)] += type.descriptors;
  }
  return total;
}

// By lane; empty if it cannot be known.
std::vector<uint64_t> Master::Rules::backlog_of(const Consumer& stored,
                                                const std::vector<TypeCount>& types) const {
  auto at_work = live.find(stored.id);
  if (at_work != live.end() && at_work->second.queue.is_settled()) return std::vector<uint64_t>(kLanes);
  auto filter = at_work != live.end() ? std::optional(at_work->second.queue.filter()) : Filter::of(stored);
  if (!filter || types.size() >= kMaxTypes) return {};
  const Consumer& consumer = at_work != live.end() ? at_work->second.queue.consumer : stored;
  PerLane waiting = total_of(*filter, types);
  for (size_t lane = 0; lane < kLanes; lane++) lower(waiting[lane], consumer.passed[lane]);
  return {waiting.begin(), waiting.end()};
}

Result<void> Master::Rules::recount(Live& consumer) {
  if (!consumer.is_recount_due || !consumer.queue.is_settled()) return {};
  auto types = storage.types(kMaxTypes);
  if (!types) return types.error();
  consumer.is_recount_due = false;
  if (types->size() < kMaxTypes) consumer.queue.consumer.passed = total_of(consumer.queue.filter(), *types);
  return {};
}

}  // namespace rebus
