// Operations: what the people who run a bus do to it. Cancelling and pausing.
#include <algorithm>

#include "descriptor/escape.h"
#include "master/rules.h"

namespace rebus {

// --- cancelling ---

Result<Cancelled> Master::Rules::cancel(const Cancel& call) {
  Step step(storage, next_seq);
  auto submission = step.submission(call.submission);
  if (!submission) return submission.error();
  if ((*submission)->cancelled) return Cancelled{};
  if (!has_work_left(**submission)) {
    return Error{Code::kConflict, "nothing is left to be cancelled of submission " +
                                      std::to_string(call.submission) +
                                      ": every agent that the bus knows is through with it"};
  }
  (*submission)->cancelled = true;
  (*submission)->open = false;
  const Submission cancelled = **submission;
  auto applied = apply(step);
  if (!applied) return applied.error();
  forget_open(cancelled.id);
  auto at_work = withdraw(cancelled);
  if (!at_work) return at_work.error();
  for (Waiter& waiter : waiters) {
    if (waiter.submission == cancelled.id) waiter.is_cancelled = true;
  }
  return Cancelled{*at_work};
}

// For somebody who is here or was. Where nobody ever was it is all left.
bool Master::Rules::has_work_left(const Submission& submission) const {
  if (submission.open || known.empty()) return true;
  return std::any_of(known.begin(), known.end(), [&](const auto& entry) {
    const Consumer& consumer = entry.second;
    auto at_work = live.find(consumer.id);
    if (at_work == live.end())
      return consumer.watermark[static_cast<size_t>(submission.lane)] < submission.last;
    return !at_work->second.queue.is_settled(submission.id, submission.lane) ||
           has_bulk_to_come(at_work->second);
  });
}

void Master::Rules::forget_open(SubmissionId submission) {
  orphans.erase(submission);
  for (auto& [peer, session] : sessions) {
    if (session.submissions.erase(submission) != 0) session.is_producing = !session.submissions.empty();
  }
}

// Gives how many tasks were being worked on.
Result<uint64_t> Master::Rules::withdraw(const Submission& submission) {
  uint64_t count = 0;
  for (auto& [id, consumer] : live) {
    auto withdrawn = consumer.queue.cancel(submission);
    if (!withdrawn) {
      if (!broken) broken = withdrawn.error();
      return withdrawn.error();
    }
    count += withdrawn->size();
    for (const auto& claim : *withdrawn) answer(claim.peer, 0, Withdrawn{claim.seq});
    consumer.finishes += static_cast<uint32_t>(withdrawn->size()) + 1;  // the watermark may have moved
    consumer.is_recount_due = true;
  }
  return count;
}

// Nothing of it is stored, and nobody is blamed.
Result<void> Master::Rules::end_withdrawn(Session& session, Live& consumer, const ConsumerQueue::Item& item) {
  auto ended = consumer.queue.end_withdrawn(item);
  if (!ended) return ended;
  Step step(storage, next_seq);
  step.set(running_of(session, session.started));
  return apply(step);
}

// --- pausing ---

Result<Paused> Master::Rules::pause(const Pause& call) {
  Step step(storage, next_seq);
  Paused answer;
  for (const auto& [key, stored] : known) {
    if (stored.agent != call.agent) continue;
    Consumer& consumer = record_of(stored.id);
    consumer.paused = call.paused;
    step.set(consumer);
    answer.consumers++;
    auto at_work = live.find(stored.id);
    if (at_work != live.end()) answer.in_hand += at_work->second.queue.claims();
  }
  if (answer.consumers == 0) {
    return Error{Code::kNotFound, "no consumer of an agent '" + escape(call.agent) + "' is known to the bus"};
  }
  auto applied = apply(step);
  if (!applied) return applied.error();
  for (Waiter& waiter : waiters) waiter.is_told = false;
  return answer;
}

// Of these submissions; of all if there are none.
std::vector<std::string> Master::Rules::paused_with_work(const std::set<SubmissionId>& closure) {
  std::set<std::string> names;
  for (const auto& [id, consumer] : live) {
    const ConsumerQueue& queue = consumer.queue;
    bool is_held = queue.consumer.paused && (!queue.is_settled() || has_bulk_to_come(consumer));
    if (!is_held) continue;
    bool has_work = closure.empty() || has_bulk_to_come(consumer) ||
                    std::any_of(closure.begin(), closure.end(), [&](SubmissionId other) {
                      auto submission = storage.submission(other);
                      return submission && !queue.is_settled(other, submission->lane);
                    });
    if (has_work) names.insert(queue.consumer.agent);
  }
  return {names.begin(), names.end()};
}

// Who waits for an agent that is paused would wait without a word.
void Master::Rules::tell_held(Waiter& waiter) {
  bool is_any = std::any_of(live.begin(), live.end(), [](auto& entry) {
    const Live& consumer = entry.second;
    return consumer.queue.consumer.paused && (!consumer.queue.is_settled() || has_bulk_to_come(consumer));
  });
  if (!is_any || waiter.is_told) return;
  auto closure = waiter.submission == 0 ? std::set<SubmissionId>() : closure_of(waiter.submission);
  if (!closure) return;
  auto names = paused_with_work(*closure);
  if (names.empty()) return;
  waiter.is_told = true;
  answer(waiter.peer, 0, Held{std::move(names)});
}

}  // namespace rebus
