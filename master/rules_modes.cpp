// Modes: when a consumer works on what it takes, and what somebody asks for.
#include <algorithm>
#include <limits>

#include "descriptor/escape.h"
#include "master/page_budget.h"
#include "master/rules.h"

namespace rebus {
namespace {

constexpr size_t kMaxBulk = 65'536;  // descriptors of one bulk; more are another one
constexpr size_t kCollectedPage = 1024;
constexpr size_t kReleasePage = 256;  // of what was collected, per settle()
constexpr size_t kMaxLooks = 16;      // at submissions that may be complete, per settle()
constexpr size_t kMaxBulkPage = 256;  // items of an answer
constexpr size_t kMaxModes = 4;

bool collects(Mode mode) { return mode == Mode::kIdle || mode == Mode::kComplete; }

bool has(const std::vector<Mode>& modes, Mode mode) {
  return std::find(modes.begin(), modes.end(), mode) != modes.end();
}

std::string list_of(const std::vector<Mode>& modes) {
  std::string list;
  for (Mode mode : modes) list += (list.empty() ? "" : ", ") + std::string(mode_name(mode));
  return list;
}

}  // namespace

// --- which mode ---

// What the consumer's record takes from a Hello. The mode of before stays, unless an instance is started anew
// with another one.
Result<bool> Master::Rules::declare_modes(Consumer& consumer, const Hello& hello, bool is_new) {
  std::vector<Mode> modes = hello.modes.empty() ? std::vector<Mode>{Mode::kAutomatic} : hello.modes;
  if (modes.size() > kMaxModes) return Error{Code::kInvalid, "an agent has at most 4 modes"};
  Mode mode = is_new || !has(modes, consumer.mode) ? modes.front() : consumer.mode;
  if (hello.mode && hello.token == 0) mode = *hello.mode;
  if (!has(modes, mode)) {
    return Error{Code::kInvalid, hello.agent + " has no mode " + mode_name(mode) + ": " + list_of(modes)};
  }
  bool is_other = modes != consumer.modes || mode != consumer.mode;
  consumer.modes = std::move(modes);
  consumer.mode = mode;
  return is_other;
}

Result<Done> Master::Rules::set_mode(const SetMode& call) {
  Step step(storage, next_seq);
  bool is_known = false;
  for (const auto& [key, stored] : known) {
    if (stored.agent != call.agent) continue;
    is_known = true;
    Consumer& consumer = record_of(stored.id);
    if (!has(consumer.modes, call.mode)) {
      return Error{Code::kInvalid, escape(call.agent) + " has no mode " + mode_name(call.mode) + ": " +
                                       list_of(consumer.modes)};
    }
  }
  if (!is_known) return unknown_agent(call.agent);
  for (const auto& [key, stored] : known) {
    if (stored.agent != call.agent) continue;
    Consumer& consumer = record_of(stored.id);
    consumer.mode = call.mode;
    step.set(consumer);
  }
  auto applied = apply(step);
  if (!applied) return applied.error();
  for (auto& [id, consumer] : live) {
    auto loaded = load_gathered(consumer);
    if (!loaded) return loaded.error();
  }
  return Done{};
}

Error Master::Rules::unknown_agent(const std::string& agent) const {
  std::set<std::string> names;
  for (const auto& [key, stored] : known) names.insert(stored.agent);
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return {Code::kNotFound, "no consumer " + escape(agent) +
                               " was ever on this bus; there are: " + (list.empty() ? "none" : list)};
}

// Only whether it is of interest is asked of the agent, for now.
bool Master::Rules::offers(const Consumer& consumer, const Attempt& attempt) {
  return collects(consumer.mode) || (consumer.mode == Mode::kInteractive && !attempt.is_again);
}

// What an agent made of what it collected is nothing that it collects.
bool Master::Rules::is_its_own(const Consumer& consumer, const Record& record) {
  return collects(consumer.mode) && record.descriptor.agent == consumer.agent;
}

// --- collecting ---

Result<void> Master::Rules::load_gathered(Live& consumer) {
  const Consumer& record = consumer.queue.consumer;
  consumer.gathered.clear();
  if (record.mode != Mode::kComplete) return {};
  Collected from{record.id};
  while (true) {
    auto found = storage.collected(from, 1);
    if (!found) return found.error();
    if (found->empty()) return {};
    from.submission = found->front().submission + 1;
    consumer.gathered.insert(found->front().submission);
  }
}

// Modes are changed at work: what was collected before is handed out one by one.
Result<void> Master::Rules::release_collected(Live& consumer) {
  Consumer& record = consumer.queue.consumer;
  if (record.mode != Mode::kAutomatic || record.count(Outcome::kProcessable) == 0 || consumer.bulk) return {};
  auto page = storage.collected({record.id}, kReleasePage);
  if (!page) return page.error();
  for (const Collected& one : *page) {
    auto again = make_due(one.seq, record.id);
    if (!again) return again.error();
  }
  more = true;
  return {};
}

// --- bulks ---

// Nothing is under way that could bring more, bulks apart.
bool Master::Rules::is_quiet() const {
  if (!awaited.empty() || !orphans.empty()) return false;
  bool producing =
      std::any_of(sessions.begin(), sessions.end(), [](auto& s) { return s.second.is_producing; });
  return !producing && std::all_of(live.begin(), live.end(), [](auto& entry) {
    return entry.second.queue.is_settled() && !entry.second.bulk;
  });
}

bool Master::Rules::has_bulk_to_come(const Live& consumer) {
  const Consumer& record = consumer.queue.consumer;
  return consumer.bulk || (collects(record.mode) && record.count(Outcome::kProcessable) > 0);
}

Result<void> Master::Rules::hand_out_bulks() {
  for (auto& [id, consumer] : live) {
    auto released = release_collected(consumer);
    if (!released) return released;
    if (!has_bulk_to_come(consumer)) consumer.gathered.clear();
    bool is_due = has_bulk_to_come(consumer) && !consumer.bulk && consumer.bulk_after <= now.steady &&
                  !consumer.queue.consumer.paused;
    if (!is_due) continue;
    Mode mode = consumer.queue.consumer.mode;
    if (mode == Mode::kIdle && !is_quiet()) continue;
    auto begun = mode == Mode::kIdle ? begin_bulk(consumer, 0) : begin_bulk_of_complete(consumer);
    if (!begun) return begun;
  }
  return {};
}

// Looks at some of those that it collected from, in turn.
Result<void> Master::Rules::begin_bulk_of_complete(Live& consumer) {
  if (consumer.looked_at_change != changes) consumer.to_look = consumer.gathered.size();
  consumer.looked_at_change = changes;
  for (size_t i = 0; i < kMaxLooks && consumer.to_look > 0 && !consumer.bulk; i++, consumer.to_look--) {
    auto next = consumer.gathered.upper_bound(consumer.bulk_turn);
    if (next == consumer.gathered.end()) next = consumer.gathered.begin();
    consumer.bulk_turn = *next;
    if (!awaited.empty() || !is_handled(*next)) continue;  // what it depends on is not read for nothing
    auto closure = closure_of(*next);
    if (!closure) return closure.error();
    bool is_ready =
        std::all_of(closure->begin(), closure->end(), [&](SubmissionId id) { return is_handled(id); });
    auto begun = is_ready ? begin_bulk(consumer, *next) : Result<void>();
    if (!begun) return begun;
  }
  more = more || (consumer.to_look > 0 && !consumer.bulk);
  return {};
}

// `submission` 0: of all of them.
Result<void> Master::Rules::begin_bulk(Live& consumer, SubmissionId submission) {
  Session* session = freest_of(consumer);
  if (session == nullptr) return {};
  ConsumerId id = consumer.queue.consumer.id;
  SubmissionId last = submission != 0 ? submission : std::numeric_limits<SubmissionId>::max();
  auto found = collected_between({id, submission, 0}, {id, last, std::numeric_limits<Seq>::max()}, kMaxBulk);
  if (!found) return found.error();
  if (found->empty()) {
    consumer.gathered.erase(submission);
    return {};
  }
  Bulk bulk{session->peer, submission, *std::move(found)};
  Attempt attempt = consumer.queue.attempt(bulk.first());
  if (is_hopeless(attempt)) return end_bulk(consumer, bulk, quarantined(attempt));
  session->hold(bulk.first(), 0, now.steady);
  uint32_t tries = attempt.deaths + attempt.interruptions + attempt.delays;
  answer(session->peer, 0, BulkTask{bulk.first(), submission, bulk.items.size(), tries, attempt.is_suspect});
  consumer.offered++;
  consumer.bulk = std::move(bulk);
  return {};
}

// What is collected from `first` up to `last`, both included.
Result<std::vector<Collected>> Master::Rules::collected_between(Collected first, const Collected& last,
                                                                size_t limit) {
  std::vector<Collected> out;
  while (true) {
    auto page = storage.collected(first, kCollectedPage);
    if (!page) return page.error();
    for (const Collected& one : *page) {
      if (one > last || out.size() == limit) return out;
      out.push_back(one);
    }
    if (page->size() < kCollectedPage) return out;
    first = page->back();
    first.seq++;
  }
}

Result<Items> Master::Rules::bulk_items(const Session& session, const ListBulk& call) {
  auto consumer = live.find(session.consumer);
  bool has_one =
      consumer != live.end() && consumer->second.bulk && consumer->second.bulk->peer == session.peer;
  if (!has_one) return Error{Code::kInvalid, "no bulk task is under way in this session"};
  const std::vector<Collected>& items = consumer->second.bulk->items;
  Items answer;
  PageBudget budget;
  uint64_t at = call.cursor;
  for (; at < items.size() && answer.records.size() < kMaxBulkPage; at++) {
    auto record = storage.get(items[at].seq);
    if (!record && record.error().code == Code::kNotFound) continue;
    if (!record) return record.error();
    Record outward = Catalog::outward(*std::move(record));
    if (!budget.takes(outward)) break;
    answer.records.push_back(std::move(outward));
  }
  answer.cursor = at < items.size() ? at : 0;
  return answer;
}

Result<void> Master::Rules::finish_bulk(Session& session, Live& consumer, Finish& call) {
  Bulk bulk = *std::exchange(consumer.bulk, std::nullopt);
  session.let_go(bulk.first(), now.steady);
  Attempt attempt = consumer.queue.attempt(bulk.first());
  bool is_later = call.outcome == Outcome::kFailed && call.later_ms != 0 && attempt.delays < call.retries;
  Step step(storage, next_seq);
  begin_next(step, session, consumer, call.next);
  if (is_later) {
    attempt.delays++;
    return put_off_bulk(step, consumer, attempt, call.message, std::chrono::milliseconds(call.later_ms));
  }
  auto room = call.children.empty() ? Result<void>() : storage.has_room();
  if (!room && !options.expire_sessions) return room;  // in one process nobody goes on
  if (!room) return put_off_bulk(step, consumer, attempt, room.error().message, kWaitForRoom);
  if (call.outcome != Outcome::kFailed) call.outcome = Outcome::kDone;
  Step children(storage, next_seq);
  auto staged = stage_or_fail(children, session, call);
  if (!staged) return staged;
  Step& whole = call.outcome == Outcome::kDone ? children : step;
  if (call.outcome == Outcome::kDone) begin_next(whole, session, consumer, call.next);
  keep_state(whole, consumer, call);
  return end_bulk(whole, consumer, bulk, {call.outcome, call.message});
}

Result<void> Master::Rules::put_off_bulk(Step& step, Live& consumer, Attempt attempt,
                                         const std::string& reason, std::chrono::milliseconds wait) {
  attempt.reason = reason;
  step.set(attempt);
  consumer.queue.set(attempt);
  consumer.bulk_after = now.steady + wait;
  return apply(step);
}

Result<void> Master::Rules::end_bulk(Live& consumer, const Bulk& bulk, const Ended& ended) {
  Step step(storage, next_seq);
  return end_bulk(step, consumer, bulk, ended);
}

// All of the bulk that is collected still, as one step.
Result<void> Master::Rules::end_bulk(Step& step, Live& consumer, const Bulk& bulk, const Ended& ended) {
  Consumer& record = consumer.queue.consumer;
  auto left = collected_between(bulk.items.front(), bulk.items.back(), std::numeric_limits<size_t>::max());
  if (!left) return left.error();
  std::vector<Collected> items;
  std::set_intersection(bulk.items.begin(), bulk.items.end(), left->begin(), left->end(),
                        std::back_inserter(items));
  for (const Collected& one : items) {
    step.add(Mark{one.seq, record.id, ended.outcome, ended.message});
    step.remove(one);
    record.count(ended.outcome)++;
    lower(record.count(Outcome::kProcessable), 1);
    auto submission = is_failure(ended.outcome) ? step.submission(one.submission) : nullptr;
    if (!submission) return submission.error();
    if (*submission != nullptr) (*submission)->failures++;
  }
  step.set(record);
  forget_attempt(step, consumer, bulk.first());
  consumer.finishes++;
  auto applied = apply(step);
  if (!applied || bulk.submission == 0) return applied;
  auto more_of_it = storage.collected({record.id, bulk.submission, 0}, 1);
  if (!more_of_it) return more_of_it.error();
  if (more_of_it->empty() || more_of_it->front().submission != bulk.submission) {
    consumer.gathered.erase(bulk.submission);
  }
  return {};
}

// The instance that had it is gone, or stuck.
Result<void> Master::Rules::give_back_bulk(Session& session, Live& consumer, const std::string& fault) {
  if (!consumer.bulk || consumer.bulk->peer != session.peer) return {};
  Bulk bulk = *std::exchange(consumer.bulk, std::nullopt);
  if (fault.empty()) return {};
  if (session.started == 0) return suspect(consumer, {bulk.first()}, fault);
  if (session.started != bulk.first()) return {};
  Attempt attempt = consumer.queue.attempt(bulk.first());
  attempt.deaths++;
  attempt.reason = fault;
  if (auto wait = back_off(attempt)) {
    Step step(storage, next_seq);
    return put_off_bulk(step, consumer, attempt, fault, *wait);
  }
  return end_bulk(consumer, bulk, quarantined(attempt));
}

// --- asking ---

Result<Asked> Master::Rules::ask(const Ask& call) {
  if (call.seqs.size() > kMaxAsked) return Error{Code::kInvalid, "more than 256 descriptors in one question"};
  std::vector<ConsumerId> consumers;
  for (const auto& [key, stored] : known) {
    if (stored.agent == call.agent) consumers.push_back(stored.id);
  }
  if (consumers.empty()) return unknown_agent(call.agent);
  Asked answer;
  for (Seq seq : call.seqs) {
    for (ConsumerId consumer : consumers) {
      auto asked = ask_one(consumer, seq, call.force, answer);
      if (!asked) return asked.error();
    }
  }
  return answer;
}

Result<void> Master::Rules::ask_one(ConsumerId consumer, Seq seq, bool force, Asked& answer) {
  auto record = storage.get(seq);
  if (!record) return record.error();
  auto at_work = live.find(consumer);
  if (at_work != live.end()) {
    if (!at_work->second.queue.filter().matches(*record)) return answer.not_taken++, Result<void>();
  }
  auto outcome = outcome_of(consumer, seq);
  if (!outcome) return outcome.error();
  bool is_handled = *outcome && **outcome != Outcome::kProcessable;
  if (is_handled && !force) return answer.handled++, Result<void>();
  answer.due++;
  return make_due(seq, consumer);
}

Result<std::optional<Outcome>> Master::Rules::outcome_of(ConsumerId consumer, Seq seq) {
  auto marks = storage.marks(seq);
  if (!marks) return marks.error();
  for (const Mark& mark : *marks) {
    if (mark.consumer == consumer) return std::optional(mark.outcome);
  }
  return std::optional<Outcome>();
}

// Handed out (again), whatever became of it before.
Result<void> Master::Rules::make_due(Seq seq, ConsumerId consumer) {
  Step step(storage, next_seq);
  auto due = stage_due(step, seq, consumer);
  if (!due) return due.error();
  auto applied = apply(step);
  if (applied && *due) hand_out_again(**due);
  return applied;
}

// Nothing: it is due already, or in a bulk.
Result<std::optional<Master::Rules::Due>> Master::Rules::stage_due(Step& step, Seq seq, ConsumerId consumer) {
  auto attempt = attempt_of(consumer, seq);
  if (!attempt) return attempt.error();
  auto at_work = live.find(consumer);
  bool is_in_bulk = at_work != live.end() && at_work->second.bulk && at_work->second.bulk->contains(seq);
  if (attempt->is_again || is_in_bulk) return std::optional<Due>();
  auto record = storage.get(seq);
  if (!record) return record.error();
  auto outcome = outcome_of(consumer, seq);
  if (!outcome) return outcome.error();
  if (*outcome) {
    Consumer& counts = record_of(consumer);
    lower(counts.count(**outcome), 1);
    lower(counts.passed[static_cast<size_t>(record->lane)], 1);
    step.set(counts);
    auto unmarked = unmark(step, Mark{seq, consumer, **outcome, {}}, *record);
    if (!unmarked) return unmarked.error();
  }
  Due due{.attempt = {.seq = seq, .consumer = consumer, .is_again = true, .reason = {}},
          .item = {seq, record->submission, record->lane},
          .was_handled = outcome->has_value()};
  step.set(due.attempt);
  return std::optional(due);
}

void Master::Rules::hand_out_again(const Due& due) {
  auto at_work = live.find(due.attempt.consumer);
  if (at_work == live.end()) return;
  ConsumerQueue& queue = at_work->second.queue;
  queue.set(due.attempt);
  bool is_in_hand = !due.was_handled && queue.is_in_hand(due.attempt.seq);
  if (!is_in_hand) queue.put_back(due.item);
}

// What came of bytes that were removed was removed as well, or could not be: whoever brings the bytes again
// wants it. Once: afterwards they are there.
Result<std::vector<Master::Rules::Due>> Master::Rules::offer_again(Step& step) {
  std::vector<Due> all;
  for (Seq seq : step.restored()) {
    auto marks = storage.marks(seq);
    if (!marks) return marks.error();
    for (const Mark& mark : *marks) {
      if (mark.outcome != Outcome::kDone && !is_failure(mark.outcome)) continue;
      auto due = stage_due(step, seq, mark.consumer);
      if (!due) return due.error();
      if (*due) all.push_back(**due);
    }
  }
  return all;
}

// As if it had never been handled. The consumer's counts are the caller's.
Result<void> Master::Rules::unmark(Step& step, const Mark& mark, const Record& record) {
  step.remove(mark);
  if (mark.outcome == Outcome::kProcessable)
    step.remove(Collected{mark.consumer, record.submission, mark.seq});
  if (!is_failure(mark.outcome)) return {};
  auto submission = step.submission(record.submission);
  if (!submission) return submission.error();
  if ((*submission)->failures > 0) (*submission)->failures--;
  return {};
}

}  // namespace rebus
