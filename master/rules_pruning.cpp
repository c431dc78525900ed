// Pruning: what is asked of the rules by a page of it.
#include <algorithm>

#include "master/pruning.h"
#include "master/rules.h"

namespace rebus {

Result<Pruned> Master::Rules::prune(const Prune& call) {
  auto young = young_for(call);
  if (!young) return young.error();
  Step step(storage, next_seq);
  Pruning pruning(
      storage, step, call, *young, [this](SubmissionId id) { return is_through(id); },
      [this](Step& to, const Record& record) { return discount(to, record); });
  auto page = pruning.run();
  if (!page) return page;
  auto applied = apply(step);
  if (!applied) return applied.error();
  if (page->cursor == 0) storage.reclaim();
  return page;
}

// The same for all pages of one removal, and found once: to look for it costs more the more is removed.
Result<Seq> Master::Rules::young_for(const Prune& call) {
  if (call.cursor != 0 && pruned_before.first == call.before_ns) return pruned_before.second;
  auto young = first_stored_at(storage, call.before_ns, next_seq);
  if (young) pruned_before = {call.before_ns, *young};
  return young;
}

// By everybody who is here, or was here a moment ago and is waited for; with what it depends on.
bool Master::Rules::is_through(SubmissionId id) {
  auto closure = closure_of(id);
  if (!closure || orphans.contains(id) || blocker_among(*closure) != 0) return false;
  auto submission = storage.submission(id);
  return submission && std::none_of(known.begin(), known.end(), [&](auto& entry) {
           const Consumer& consumer = entry.second;
           Seq handled = consumer.watermark[static_cast<size_t>(submission->lane)];
           return awaited.contains(consumer.id) && !live.contains(consumer.id) && handled < submission->last;
         });
}

// Consumers and submissions count what is stored.
Result<void> Master::Rules::discount(Step& step, const Record& record) {
  auto marks = storage.marks(record.seq);
  if (!marks) return marks.error();
  auto submission = step.submission(record.submission);
  if (!submission) return submission.error();
  Submission& of = **submission;
  for (const Mark& mark : *marks) {
    bool is_known = std::any_of(known.begin(), known.end(),
                                [&](auto& entry) { return entry.second.id == mark.consumer; });
    if (is_failure(mark.outcome)) lower(of.failures, 1);
    if (mark.outcome == Outcome::kProcessable) {
      step.remove(Collected{mark.consumer, record.submission, mark.seq});
    }
    if (!is_known) continue;
    Consumer& consumer = record_of(mark.consumer);
    lower(consumer.outcomes[static_cast<size_t>(mark.outcome)], 1);
    lower(consumer.passed[static_cast<size_t>(record.lane)], 1);
    step.set(consumer);
  }
  if (record.seq != record.object) lower(of.results, 1);
  if (covers(kLimitPath, record.descriptor.selector.path())) lower(of.limits, 1);
  for (auto& [id, consumer] : live) {
    consumer.queue.set(Attempt{.seq = record.seq, .consumer = id, .reason = {}});
    consumer.is_recount_due = true;  // it may never have been passed
  }
  return {};
}

}  // namespace rebus
