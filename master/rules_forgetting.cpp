// Forgetting: consumers that will not come back.
#include <algorithm>

#include "master/rules.h"

namespace rebus {
namespace {

constexpr size_t kMarksLookedAt = 16'384;  // of all consumers, per call; more than one descriptor has

}  // namespace

Result<Consumer*> Master::Rules::forgettable(ConsumerId id) {
  auto found = std::find_if(known.begin(), known.end(), [&](auto& entry) { return entry.second.id == id; });
  if (found == known.end()) return Error{Code::kNotFound, "there is no consumer " + std::to_string(id)};
  auto at_work = live.find(id);
  if (at_work == live.end()) return &found->second;
  return Error{Code::kConflict, found->second.agent + " (consumer " + std::to_string(id) + ") has " +
                                    std::to_string(at_work->second.instances.size()) +
                                    " running: stop them first"};
}

// A page of its marks, and with the last one the consumer itself. From the first page on nobody waits for it.
Result<Forgotten> Master::Rules::forget(const Forget& call) {
  auto consumer = forgettable(call.consumer);
  if (!consumer) return consumer.error();
  auto page = storage.marks_of(call.consumer, call.cursor, kMarksLookedAt);
  if (!page) return page.error();
  Step step(storage, next_seq);
  for (const Mark& mark : page->marks) {
    auto record = storage.get(mark.seq);
    if (!record && record.error().code != Code::kNotFound) return record.error();
    if (!record) step.remove(mark);
    auto removed = record ? unmark(step, mark, *record) : Result<void>();
    if (!removed) return removed.error();
  }
  (*consumer)->forgotten = true;
  (*consumer)->is_live = false;
  page->cursor != 0 ? step.set(**consumer) : step.remove_consumer(call.consumer);
  auto applied = apply(step);
  if (!applied) return applied.error();
  awaited.erase(call.consumer);
  std::erase_if(interrupted, [&](auto& entry) { return entry.second.consumer == call.consumer; });
  if (page->cursor == 0) known.erase(key_of(Consumer(**consumer)));
  return Forgotten{page->marks.size(), page->cursor};
}

}  // namespace rebus
