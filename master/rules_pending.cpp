// What is still to be handled, for people who look. It begins at the watermark: its cost is what is pending.
#include "master/page_budget.h"
#include "master/rules.h"

namespace rebus {
namespace {

constexpr size_t kMaxPendingPage = 256;
constexpr size_t kMaxPendingLook = 4096;  // positions that one call looks at
constexpr size_t kPendingReadAhead = 256;

}  // namespace

// One call, under way.
struct Master::Rules::PendingWalk {
  ConsumerId consumer = 0;
  Seq after = 0;  // of this consumer, everything up to here is told
  std::map<Seq, MonotonicTime> delays = {};
  size_t looked_at = 0;
  bool is_full = false;
  PageBudget budget = {};
  PendingTasks answer = {};

  // Whether there is room for one more.
  bool looks_at(Seq seq) {
    is_full = looked_at++ == kMaxPendingLook || answer.tasks.size() == kMaxPendingPage;
    if (!is_full) after = seq;
    return !is_full;
  }

  void add(PendingTask task) {
    is_full = !budget.takes(task);
    if (is_full) {
      after = task.seq - 1;
    } else {
      answer.tasks.push_back(std::move(task));
    }
  }
};

Result<PendingTasks> Master::Rules::pending(const ListPending& call) {
  auto is_known = expect_known(call.agent);
  if (!is_known) return is_known.error();
  const auto ids = consumers_named(call.agent);
  PendingWalk walk;
  for (auto it = ids.lower_bound(call.consumer); it != ids.end() && !walk.is_full; ++it) {
    walk.consumer = *it;
    walk.after = *it == call.consumer ? call.after : 0;
    auto consumer = live.find(*it);
    auto walked = consumer == live.end() ? walk_absent(walk) : walk_live(walk, consumer->second);
    if (!walked) return walked.error();
  }
  if (walk.is_full) {
    walk.answer.consumer = walk.consumer;
    walk.answer.after = walk.after;
  }
  return std::move(walk.answer);
}

// Without an instance it is not known what else it takes.
Result<void> Master::Rules::walk_absent(PendingWalk& walk) {
  auto attempts = storage.attempts(walk.consumer);
  if (!attempts) return attempts.error();
  for (const Attempt& attempt : *attempts) {
    auto told = tell_attempt(walk, attempt);
    if (!told) return told;
  }
  return {};
}

Result<void> Master::Rules::walk_live(PendingWalk& walk, const Live& consumer) {
  walk.delays = consumer.queue.delays();
  Seq begin = next_seq;
  for (Lane lane : {Lane::kUrgent, Lane::kNormal, Lane::kBulk}) {
    begin = std::min(begin, consumer.queue.watermark(lane, next_seq - 1) + 1);
  }
  for (const auto& [seq, attempt] : consumer.queue.attempts()) {
    auto told = seq < begin ? tell_attempt(walk, attempt) : Result<void>();  // others are met below
    if (!told) return told;
  }
  return walk_log(walk, consumer, begin);
}

Result<void> Master::Rules::tell_attempt(PendingWalk& walk, const Attempt& attempt) {
  if (walk.is_full || attempt.seq <= walk.after || !walk.looks_at(attempt.seq)) return {};
  auto record = storage.get(attempt.seq);
  if (!record && record.error().code == Code::kNotFound) return {};
  auto is_gone = record ? is_dropped(*record) : record.error();
  if (!is_gone) return is_gone.error();
  if (!*is_gone) walk.add(pending_task(walk, attempt));
  return {};
}

// With its submission, and nobody else brought it.
Result<bool> Master::Rules::is_dropped(const Record& record) {
  auto submission = storage.submission(record.submission);
  if (!submission) return submission.error();
  auto wanted = submission->cancelled ? ConsumerQueue::is_wanted(storage, record.seq) : Result<bool>(true);
  return wanted ? Result<bool>(!*wanted) : wanted.error();
}

Result<void> Master::Rules::walk_log(PendingWalk& walk, const Live& consumer, Seq begin) {
  for (Seq from = std::max(begin, walk.after + 1); !walk.is_full && from < next_seq;) {
    auto entries = storage.log(from, kPendingReadAhead);
    if (!entries) return entries.error();
    if (entries->empty()) return {};
    for (const LogEntry& entry : *entries) {
      if (!walk.looks_at(entry.seq)) return {};
      auto is_left = is_pending(consumer, entry);
      if (!is_left) return is_left.error();
      if (*is_left) walk.add(pending_task(walk, consumer.queue.attempt(entry.seq)));
      if (walk.is_full) return {};
    }
    from = entries->back().seq + 1;
  }
  return {};
}

Result<bool> Master::Rules::is_pending(const Live& consumer, const LogEntry& entry) {
  const ConsumerQueue& queue = consumer.queue;
  if (entry.is_origin || !queue.filter().matches(entry)) return false;
  auto marked = storage.is_marked(entry.seq, queue.consumer.id);
  if (!marked) return marked.error();
  if (*marked) return false;
  auto record = storage.get(entry.seq);
  if (!record && record.error().code == Code::kNotFound) return false;
  if (!record) return record.error();
  if (!wants(consumer, *record, queue.attempt(entry.seq))) return false;
  auto is_gone = is_dropped(*record);
  return is_gone ? Result<bool>(!*is_gone) : is_gone.error();
}

PendingTask Master::Rules::pending_task(const PendingWalk& walk, const Attempt& attempt) {
  const Consumer& consumer = record_of(walk.consumer);
  PendingTask task;
  task.seq = attempt.seq;
  task.consumer = walk.consumer;
  task.agent = consumer.agent;
  task.config = consumer.config;
  task.tries = attempt.deaths + attempt.interruptions + attempt.delays;
  task.reason = attempt.reason;
  auto delay = walk.delays.find(attempt.seq);
  if (delay != walk.delays.end()) {
    task.state = PendingState::kDelayed;
    auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(delay->second - now.steady);
    task.wait_ms = static_cast<uint64_t>(std::max<int64_t>(wait.count(), 0));
  }
  auto it = live.find(walk.consumer);
  auto holder = it == live.end() ? std::nullopt : it->second.queue.holder(attempt.seq);
  if (!holder) return task;
  const Session& session = sessions.at(*holder);
  task.state = session.started == attempt.seq ? PendingState::kAtWork : PendingState::kHandedOut;
  task.host = session.hello.host;
  return task;
}

}  // namespace rebus
