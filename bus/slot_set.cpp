#include "bus/slot_set.h"

#include <algorithm>

namespace rebus {

Result<SlotSet> SlotSet::of(const AgentSpec& spec, Bus& bus, const Record& record) {
  Find same;
  same.by = By::kUuid;
  same.domain = record.descriptor.domain;
  same.text = record.descriptor.uuid.str();
  SlotSet set;
  auto found = bus.for_each(same, [&](Record& candidate) {
    for (const SlotSpec& slot : spec.slots) {
      if (!covers(slot.prefix, candidate.descriptor.selector.path())) continue;
      auto [it, is_first] = set.filled_.try_emplace(slot.name, candidate);
      if (!is_first && it->second.seq < candidate.seq) it->second = candidate;
    }
    return true;
  });
  return found ? Result<SlotSet>(std::move(set)) : found.error();
}

const Record* SlotSet::find(std::string_view slot) const {
  auto it = filled_.find(slot);
  return it == filled_.end() ? nullptr : &it->second;
}

bool SlotSet::is_filled(const AgentSpec& spec) const {
  return std::all_of(spec.slots.begin(), spec.slots.end(),
                     [&](const SlotSpec& slot) { return slot.optional || filled_.contains(slot.name); });
}

Seq SlotSet::newest() const {
  Seq newest = 0;
  for (const auto& [name, record] : filled_) newest = std::max(newest, record.seq);
  return newest;
}

}  // namespace rebus
