// Settling: what is handed out after a commit, and who is told that the bus is idle.
#include <algorithm>

#include "master/rules.h"

namespace rebus {
namespace {

constexpr uint32_t kWatermarkEvery = 64;  // finishes between two stored watermarks
constexpr size_t kScan = 4096;            // log entries looked at per peer and settle(), plain ones
constexpr size_t kReaderPage = 64;
constexpr ptrdiff_t kMaxWaits = 64;  // of one session: each is looked at whenever something happened

}  // namespace

Result<void> Master::Rules::store_watermarks(bool all) {
  Step step(storage, next_seq);
  for (auto& [id, consumer] : live) {
    bool due = consumer.finishes >= kWatermarkEvery || (consumer.finishes > 0 && consumer.queue.is_settled());
    if (!due && !all) continue;
    consumer.finishes = 0;
    auto recounted = recount(consumer);
    if (!recounted) return recounted;
    Consumer& record = consumer.queue.consumer;
    auto before = record.watermark;
    for (size_t lane = 0; lane < kLanes; lane++) {
      record.watermark[lane] = consumer.queue.watermark(static_cast<Lane>(lane), storage.statistics().head);
    }
    if (record.watermark != before) step.set(record);
  }
  return step.apply();
}

void Master::Rules::hand_out() {
  for (auto& [id, consumer] : live) hand_out(consumer);
}

void Master::Rules::hand_out(Live& consumer) {
  if (consumer.queue.consumer.paused) return;
  size_t looked_at = 0;
  while (size_t cost = hand_out_one(consumer)) {
    looked_at += cost;
    if (looked_at < kScan) continue;
    more = true;
    return;
  }
}

// The one with least in hand among those that may have more, so that none waits while another has a store of
// work.
Session* Master::Rules::freest_of(const Live& consumer) {
  Session* best = nullptr;
  for (PeerId peer : consumer.instances) {
    Session& session = sessions.at(peer);
    if (session.free_credit() == 0) continue;
    if (best == nullptr || session.tasks < best->tasks) best = &session;
  }
  return best;
}

// Gives what it cost to look at, or 0 if there is nothing to hand out.
size_t Master::Rules::hand_out_one(Live& consumer) {
  const Filter& filter = consumer.queue.filter();
  Session* best = freest_of(consumer);
  if (best == nullptr) return 0;
  auto item = consumer.queue.claim_next(best->peer);
  if (!item) {
    broken = item.error();
    return 0;
  }
  if (!*item) {
    more = more || consumer.queue.has_more();
    return 0;
  }
  auto record = storage.get((*item)->seq);
  if (!record && record.error().code != Code::kNotFound) {  // damage is no property of the descriptor
    broken = record.error();
    return 0;
  }
  Attempt attempt = consumer.queue.attempt((*item)->seq);
  if (!record || !wants(consumer, *record, attempt)) {
    if (record && filter.matches(entry_of(*record)))
      consumer.queue.consumer.passed[static_cast<size_t>((*item)->lane)]++;
    consumer.queue.release((*item)->seq, best->peer);
    return filter.cost();
  }
  auto is_hopeless = quarantine_if_hopeless(consumer, **item);
  if (!is_hopeless || *is_hopeless) {
    consumer.queue.release((*item)->seq, best->peer);
    return is_hopeless ? filter.cost() : 0;  // a failure of the storage is in `broken`
  }
  best->hold(record->seq, record->value_size, now.steady);
  consumer.offered++;
  uint32_t tries = attempt.deaths + attempt.interruptions + attempt.delays;
  bool is_offer = offers(consumer.queue.consumer, attempt);
  answer(best->peer, 0,
         Task{Catalog::outward(*std::move(record)), std::nullopt, tries, is_offer, attempt.is_again,
              attempt.is_suspect});
  return filter.cost();
}

// What its place in the log did not tell. Who asks may ask for what the consumer does not take.
bool Master::Rules::wants(const Live& consumer, const Record& record, const Attempt& attempt) const {
  const Filter& filter = consumer.queue.filter();
  bool is_taken =
      attempt.is_again ? filter.matches(record) : filter.matches_selector(record.descriptor.selector);
  return is_taken && !is_its_own(consumer.queue.consumer, record);
}

void Master::Rules::feed(Session& reader) {
  size_t looked_at = 0;
  while (reader.free_credit() > 0 && reader.next < next_seq) {
    if (looked_at >= kScan) {
      more = true;
      return;
    }
    auto entries = storage.log(reader.next, kReaderPage);
    if (!entries) {
      broken = entries.error();
      return;
    }
    if (entries->empty()) reader.next = next_seq;
    for (const LogEntry& entry : *entries) {
      if (reader.free_credit() == 0) return;
      auto fed = feed_entry(reader, entry);
      if (!fed) {
        broken = fed.error();
        return;
      }
      reader.next = entry.seq + 1;
      looked_at += reader.filter.cost();
    }
  }
}

Result<bool> Master::Rules::feed_entry(Session& reader, const LogEntry& entry) {
  Task task;
  Seq seq = entry.seq;
  if (entry.is_origin) {
    if (!reader.filter.in_domain(entry.domain)) return false;
    auto origin = storage.origin_at(entry.seq);
    if (!origin) return origin.error();
    if (!*origin) return false;
    seq = (*origin)->object;
    task.origin = **origin;
  } else if (!reader.filter.matches(entry)) {
    return false;
  }
  auto record = storage.get(seq);
  if (!record && record.error().code == Code::kNotFound) return false;  // a hole
  if (!record) return record.error();
  if (!entry.is_origin && !reader.filter.matches_selector(record->descriptor.selector)) return false;
  task.record = Catalog::outward(*std::move(record));
  reader.tasks++;
  answer(reader.peer, 0, std::move(task));
  return true;
}

bool Master::Rules::is_idle() const {
  return is_quiet() &&
         std::none_of(live.begin(), live.end(), [](auto& entry) { return has_bulk_to_come(entry.second); });
}

Result<std::set<SubmissionId>> Master::Rules::closure_of(SubmissionId id) {
  std::set<SubmissionId> closure{id};
  std::vector<SubmissionId> todo{id};
  while (!todo.empty()) {
    auto submission = storage.submission(todo.back());
    if (!submission) return submission.error();
    todo.pop_back();
    if (submission->id == id && submission->cancelled) break;
    for (SubmissionId other : submission->depends) {
      if (closure.insert(other).second) todo.push_back(other);
    }
  }
  return closure;
}

bool Master::Rules::is_complete(const std::set<SubmissionId>& closure) {
  return awaited.empty() && blocker_among(closure) == 0;
}

bool Master::Rules::is_settled(SubmissionId id) {
  auto is_gathered = [&](const Live& consumer) {
    return consumer.gathered.contains(id) && consumer.queue.consumer.mode == Mode::kComplete;
  };
  return is_handled(id) &&
         std::none_of(live.begin(), live.end(), [&](auto& entry) { return is_gathered(entry.second); });
}

// By all that work as it comes.
bool Master::Rules::is_handled(SubmissionId id) {
  auto submission = storage.submission(id);
  if (!submission || submission->open) return false;
  return std::all_of(live.begin(), live.end(),
                     [&](auto& entry) { return entry.second.queue.is_settled(id, submission->lane); });
}

SubmissionId Master::Rules::blocker_among(const std::set<SubmissionId>& closure) {
  auto blocker =
      std::find_if(closure.begin(), closure.end(), [&](SubmissionId id) { return !is_settled(id); });
  return blocker == closure.end() ? 0 : *blocker;
}

void Master::Rules::wait(Session& session, uint64_t request, SubmissionId submission) {
  auto is_its = [&](const Waiter& waiter) { return waiter.peer == session.peer; };
  if (std::count_if(waiters.begin(), waiters.end(), is_its) < kMaxWaits) {
    waiters.push_back({session.peer, request, submission});
    return;
  }
  std::string most = std::to_string(kMaxWaits);
  answer(session.peer, request, Failure{Code::kLimit, "a session may wait for " + most + " answers at once"});
}

void Master::Rules::answer_waiters() {
  std::vector<Waiter> left;
  for (Waiter& waiter : waiters) {
    if (may_be_answered(waiter) && answer_waiter(waiter)) continue;
    tell_held(waiter);
    left.push_back(waiter);
  }
  waiters = std::move(left);
}

// Costs little while it may not, however many submissions the one that is waited for depends on: this is
// asked whenever anything happened.
bool Master::Rules::may_be_answered(Waiter& waiter) {
  if (waiter.submission == 0 || waiter.is_cancelled) return true;
  if (!awaited.empty() || (waiter.blocker != 0 && !is_settled(waiter.blocker))) return false;
  auto closure = closure_of(waiter.submission);
  waiter.blocker = closure ? blocker_among(*closure) : 0;
  return waiter.blocker == 0;
}

bool Master::Rules::answer_waiter(const Waiter& waiter) {
  if (waiter.submission != 0) {
    auto status = submission_status(waiter.submission);
    if (status && !status->complete) return false;
    reply(sessions.at(waiter.peer), waiter.request, std::move(status));
    return true;
  }
  const Session& session = sessions.at(waiter.peer);
  bool has_all = session.hello.role != Role::kReader || session.next >= next_seq;
  if (!has_all || !is_idle()) return false;
  answer(waiter.peer, waiter.request, Idle{next_seq - 1});
  return true;
}

}  // namespace rebus
