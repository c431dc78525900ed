// Attempts: whose fault it is when an instance ends at work on a task, and when to try again.
#include <algorithm>

#include "descriptor/crash_point.h"
#include "descriptor/escape.h"
#include "master/page_budget.h"
#include "master/plant.h"
#include "master/rules.h"

namespace rebus {
namespace {

// Instances that may end at work on a descriptor; the last of them quarantines it.
constexpr uint32_t kMaxDeaths = 3;
// The same where the master ended too, and the fault may be anybody's: a kill of everything, a power cut.
constexpr uint32_t kMaxInterruptions = 10;
constexpr std::chrono::seconds kBackOff[] = {std::chrono::seconds(1), std::chrono::seconds(4)};
static_assert(std::size(kBackOff) == kMaxDeaths - 1);
constexpr size_t kMaxFailurePage = 256;  // also of those tried again by one call

std::chrono::seconds claim_life(const Session& session) {
  return std::chrono::seconds(session.hello.claim_life == 0 ? kClaimLife : session.hello.claim_life);
}

// Who was at work, for the people who read of it.
std::string whereabouts(const Session& session) {
  return session.hello.host.empty() ? "" : " on " + escape(session.hello.host);
}

}  // namespace

Running Master::Rules::running_of(const Session& session, Seq seq) const {
  return {session.consumer, session.slot, seq, session.token};
}

void Master::Rules::on(Session& s, uint64_t request, Started& call) {
  begin(s, call.seq);
  if (request != 0) answer(s.peer, request, Done{});
}

// Noted before the work begins, without waiting for the disk: the note has to survive the processes only.
void Master::Rules::begin(Session& session, Seq seq) {
  auto consumer = live.find(session.consumer);
  if (consumer == live.end()) return;
  const auto& bulk = consumer->second.bulk;
  bool has_bulk = bulk && bulk->peer == session.peer && bulk->first() == seq;
  if (!has_bulk && !consumer->second.queue.holds(seq, session.peer)) return;
  session.started = seq;
  Step step(storage, next_seq);
  step.set(running_of(session, seq));
  (void)apply(step);  // a failure of the storage is in `broken`
  crash_point("start-noted");
}

// The same, with the step that ends the task before.
void Master::Rules::begin_next(Step& step, Session& session, const Live& consumer, Seq next) {
  if (consumer.queue.holds(next, session.peer)) session.started = next;
  step.set(running_of(session, session.started));
}

// The agent asks for another try later, and may have one.
Result<bool> Master::Rules::put_off(Session& session, Live& consumer, const ConsumerQueue::Item& item,
                                    const Finish& call) {
  if (call.outcome != Outcome::kFailed || call.later_ms == 0) return false;
  Attempt attempt = consumer.queue.attempt(item.seq);
  if (attempt.delays >= call.retries) return false;
  attempt.delays++;
  attempt.reason = call.message;
  Step step(storage, next_seq);
  step.set(attempt);
  begin_next(step, session, consumer, call.next);
  consumer.queue.set(attempt);
  consumer.queue.delay(item, now.steady + std::chrono::milliseconds(call.later_ms));
  auto applied = apply(step);
  return applied ? Result<bool>(true) : applied.error();
}

// --- instances that end ---

// `fault`: of the instance, if its end is nobody else's; empty: it is not to blame.
void Master::Rules::give_back_claims(Session& session, Live& consumer, const std::string& fault) {
  std::string blame_for = fault.empty() ? "" : "the instance" + whereabouts(session) + " " + fault;
  auto bulk_given_back = give_back_bulk(session, consumer, blame_for);
  if (!bulk_given_back) return;  // a failure of the storage is in `broken`
  Seq started = std::exchange(session.started, 0);
  const auto held = consumer.queue.claims_of(session.peer);
  if (is_planted(Plant::kBlameOnPrefetch)) started = held.empty() ? 0 : held.back();
  auto item = started != 0 && !fault.empty() ? consumer.queue.release(started, session.peer) : std::nullopt;
  Result<void> done;
  if (started == 0 && !fault.empty()) done = suspect(consumer, held, blame_for);
  if (done) done = consumer.queue.hand_back(session.peer);
  session.let_go_all();
  if (done && item && item->is_withdrawn) done = consumer.queue.end_withdrawn(*item);
  if (done && item && !item->is_withdrawn) done = blame(consumer, *item, blame_for);
  if (done && started != 0) {
    Step step(storage, next_seq);
    step.set(running_of(session, 0));
    done = apply(step);
  }
  if (!done && !broken) broken = done.error();
}

// Who ends within microseconds takes the word of what it began along. It may have been any of these, and none
// is blamed; next time it is known.
Result<void> Master::Rules::suspect(Live& consumer, const std::vector<Seq>& tasks,
                                    const std::string& reason) {
  Step step(storage, next_seq);
  for (Seq seq : tasks) {
    Attempt attempt = consumer.queue.attempt(seq);
    attempt.is_suspect = true;
    attempt.reason = reason;
    step.set(attempt);
    consumer.queue.set(attempt);
  }
  return apply(step);
}

Result<void> Master::Rules::blame(Live& consumer, const ConsumerQueue::Item& item,
                                  const std::string& reason) {
  Attempt attempt = consumer.queue.attempt(item.seq);
  attempt.deaths++;
  attempt.reason = reason;
  auto wait = back_off(attempt);
  if (!wait) return quarantine(consumer, item, attempt);
  Step step(storage, next_seq);
  step.set(attempt);
  consumer.queue.set(attempt);
  consumer.queue.delay(item, now.steady + *wait);
  return apply(step);
}

// None: it is not to be tried again.
std::optional<std::chrono::milliseconds> Master::Rules::back_off(const Attempt& attempt) {
  if (attempt.deaths >= kMaxDeaths) return std::nullopt;
  return kBackOff[attempt.deaths - 1];
}

// What ended with ten masters is given to nobody any more.
bool Master::Rules::is_hopeless(const Attempt& attempt) { return attempt.interruptions >= kMaxInterruptions; }

Result<bool> Master::Rules::quarantine_if_hopeless(Live& consumer, const ConsumerQueue::Item& item) {
  Attempt attempt = consumer.queue.attempt(item.seq);
  if (!is_hopeless(attempt)) return false;
  auto done = quarantine(consumer, item, attempt);
  return done ? Result<bool>(true) : done.error();
}

Master::Rules::Ended Master::Rules::quarantined(const Attempt& attempt) {
  uint32_t times = attempt.deaths + attempt.interruptions;
  return {Outcome::kQuarantined,
          counted(times, "instance") + " ended at work on it; the last: " + attempt.reason};
}

Result<void> Master::Rules::quarantine(Live& consumer, const ConsumerQueue::Item& item,
                                       const Attempt& attempt) {
  Step step(storage, next_seq);
  auto ended = end_task(step, consumer, item, quarantined(attempt));
  return ended ? apply(step) : ended;
}

// Instances that live and do not work: their connection is heard of, their own thread is not.
void Master::Rules::expire_stuck() {
  for (auto& [peer, session] : sessions) {
    bool is_late = session.started != 0 && now.steady - session.worked > claim_life(session);
    auto consumer = is_late ? live.find(session.consumer) : live.end();
    if (consumer == live.end()) continue;
    session.is_stuck = true;
    give_back_claims(session, consumer->second,
                     "gave no sign of work on it for " + std::to_string(claim_life(session).count()) + " s");
  }
}

// --- restarts of the master ---

// Whoever was at work may have ended with the master, and may even be the reason.
Result<void> Master::Rules::remember_interruptions() {
  auto running = storage.running();
  if (!running) return running.error();
  Step step(storage, next_seq);
  for (const Running& task : *running) {
    step.set(Running{task.consumer, task.slot, 0, 0});
    auto marked = storage.is_marked(task.seq, task.consumer);
    if (!marked) return marked.error();
    if (*marked) continue;
    auto counted_up = set_interruptions(step, task, +1);
    if (!counted_up) return counted_up;
    interrupted.emplace(task.token, task);
  }
  return apply(step);
}

// The session of before is heard of again: its instance lives.
Result<void> Master::Rules::forgive(uint64_t token) {
  auto [first, last] = interrupted.equal_range(token);
  Step step(storage, next_seq);
  for (auto it = first; it != last; ++it) {
    auto counted_down = set_interruptions(step, it->second, -1);
    if (!counted_down) return counted_down;
  }
  interrupted.erase(first, last);
  return apply(step);
}

Result<void> Master::Rules::set_interruptions(Step& step, const Running& task, int change) {
  auto attempt = attempt_of(task.consumer, task.seq);
  if (!attempt) return attempt.error();
  if (change < 0 && attempt->interruptions == 0) return {};
  attempt->interruptions += static_cast<uint32_t>(change);
  if (change > 0) attempt->reason = "the master ended, too";
  step.set(*attempt);
  auto consumer = live.find(task.consumer);
  if (consumer != live.end()) consumer->second.queue.set(*attempt);
  return {};
}

Result<Attempt> Master::Rules::attempt_of(ConsumerId consumer, Seq seq) {
  auto known_live = live.find(consumer);
  if (known_live != live.end()) return known_live->second.queue.attempt(seq);
  auto stored = storage.attempts(consumer);
  if (!stored) return stored.error();
  for (Attempt& attempt : *stored) {
    if (attempt.seq == seq) return std::move(attempt);
  }
  return Attempt{.seq = seq, .consumer = consumer, .reason = {}};
}

// --- failures, and trying them again ---

Consumer& Master::Rules::record_of(ConsumerId consumer) {
  auto known_live = live.find(consumer);
  if (known_live != live.end()) return known_live->second.queue.consumer;
  auto stored =
      std::find_if(known.begin(), known.end(), [&](auto& entry) { return entry.second.id == consumer; });
  return stored->second;
}

// All of them if the name is empty.
std::set<ConsumerId> Master::Rules::consumers_named(const std::string& agent) const {
  std::set<ConsumerId> ids;
  for (const auto& [key, stored] : known) {
    if (agent.empty() || stored.agent == agent) ids.insert(stored.id);
  }
  return ids;
}

// A page, by consumer and position.
Result<std::vector<Mark>> Master::Rules::failures_after(const std::string& agent, Seq seq,
                                                        ConsumerId consumer, Seq after) {
  const auto ids = consumers_named(agent);
  std::vector<Mark> out;
  for (auto it = ids.lower_bound(consumer); it != ids.end() && out.size() < kMaxFailurePage; ++it) {
    Seq from = *it == consumer ? after : 0;
    if (seq != 0) from = std::max(from, seq - 1);
    auto found = storage.failures(*it, from, seq != 0 ? 1 : kMaxFailurePage - out.size());
    if (!found) return found.error();
    for (Mark& mark : *found) {
      if (seq == 0 || mark.seq == seq) out.push_back(std::move(mark));
    }
  }
  return out;
}

Result<void> Master::Rules::expect_known(const std::string& agent) const {
  return consumers_named(agent).empty() && !agent.empty() ? Result<void>(unknown_agent(agent))
                                                          : Result<void>();
}

Result<FailedTasks> Master::Rules::failures(const ListFailures& call) {
  auto is_known = expect_known(call.agent);
  if (!is_known) return is_known.error();
  auto found = failures_after(call.agent, 0, call.consumer, call.after);
  if (!found) return found.error();
  FailedTasks answer;
  PageBudget budget;
  for (Mark& mark : *found) {
    const Consumer& consumer = record_of(mark.consumer);
    FailedTask task{mark.seq, mark.consumer,
                    NamedMark{consumer.agent, consumer.config, mark.outcome, std::move(mark.message)}};
    if (!budget.takes(task)) break;
    answer.tasks.push_back(std::move(task));
  }
  return answer;
}

Result<Retried> Master::Rules::retry(const Retry& call) {
  auto is_known = expect_known(call.agent);
  if (!is_known) return is_known.error();
  auto found = failures_after(call.agent, call.seq, call.consumer, call.after);
  if (!found) return found.error();
  Retried answer;
  for (const Mark& mark : *found) {
    auto retried = make_due(mark.seq, mark.consumer);
    if (!retried) return retried.error();
    answer = {answer.count + 1, mark.consumer, mark.seq};
  }
  return answer;
}

}  // namespace rebus
