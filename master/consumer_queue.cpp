#include "master/consumer_queue.h"

#include <algorithm>

#include "master/origin_walk.h"
#include "master/plant.h"

namespace rebus {
namespace {

constexpr size_t kReadAhead = 32;    // log entries held per submission
constexpr size_t kMaxOrigins = 256;  // entries of cancelled submissions that one call looks up the origins of

}  // namespace

ConsumerQueue::ConsumerQueue(Storage& storage, Consumer stored, Filter filter)
    : consumer(std::move(stored)), storage_(storage), filter_(std::move(filter)) {}

Result<void> ConsumerQueue::load() {
  loaded_head_ = storage_.statistics().head;
  for (size_t lane = 0; lane < kLanes; lane++) {
    Seq handled = consumer.watermark[lane];
    auto active = storage_.active_after(static_cast<Lane>(lane), handled);
    if (!active) return active.error();
    for (const Submission& s : *active) {
      if (s.cancelled) {
        revive(s);
      } else {
        lanes_[lane].positions[s.id].next = std::max(s.first, handled + 1);
      }
    }
  }
  return load_attempts();
}

Result<void> ConsumerQueue::load_attempts() {
  auto attempts = storage_.attempts(consumer.id);
  if (!attempts) return attempts.error();
  for (Attempt& attempt : *attempts) {
    Seq seq = attempt.seq;
    bool is_again = attempt.is_again;
    attempts_[seq] = std::move(attempt);
    if (!is_again) continue;
    auto record = storage_.get(seq);
    if (!record && record.error().code == Code::kNotFound) continue;
    if (!record) return record.error();
    auto submission = storage_.submission(record->submission);
    if (!submission) return submission.error();
    auto wanted = submission->cancelled ? is_wanted(storage_, seq) : true;
    if (!wanted) return wanted.error();
    if (*wanted) put_back({seq, record->submission, record->lane});
  }
  return {};
}

void ConsumerQueue::appended(const LogEntry& entry, const Submission& submission) {
  if (entry.is_origin || !filter_.matches(entry)) return;
  if (submission.cancelled && !submission.shared) return;
  auto [it, fresh] = lanes_[static_cast<size_t>(submission.lane)].positions.try_emplace(submission.id);
  Position& position = it->second;
  if (fresh) position.has_unread = false;
  position.only_shared = submission.cancelled;
  position.has_unread = position.has_unread || position.buffer.size() == kReadAhead;
  if (position.has_unread && !fresh) return;
  position.next = entry.seq + 1;
  position.buffer.push_back(entry);
}

Result<std::optional<ConsumerQueue::Item>> ConsumerQueue::claim_next(PeerId peer) {
  looked_through_ = 0;
  has_more_ = false;
  for (size_t lane = 0; lane < kLanes; lane++) {
    auto item = next_in(static_cast<Lane>(lane));
    if (!item) return item.error();
    if (!*item) continue;
    claims_[(*item)->seq] = {peer, **item};
    return item;
  }
  return std::optional<Item>();
}

Result<std::optional<ConsumerQueue::Item>> ConsumerQueue::next_in(Lane lane) {
  LaneQueue& queue = lanes_[static_cast<size_t>(lane)];
  if (!queue.returned.empty()) {
    Item item = queue.returned.front();
    queue.returned.pop_front();
    return std::optional(item);
  }
  while (!queue.positions.empty()) {
    auto it = queue.positions.upper_bound(queue.turn);
    if (it == queue.positions.end()) it = queue.positions.begin();
    auto item = next_of(it->first, it->second, lane);
    if (!item) return item.error();
    queue.turn = it->first;
    if (*item || has_more_) return item;
    queue.positions.erase(it);  // nothing left of it; the next append brings it back
  }
  return std::optional<Item>();
}

Result<std::optional<ConsumerQueue::Item>> ConsumerQueue::next_of(SubmissionId submission, Position& position,
                                                                  Lane lane) {
  while (true) {
    has_more_ = looked_through_ >= kMaxOrigins;
    if (has_more_) return std::optional<Item>();
    if (position.buffer.empty() && !position.has_unread) return std::optional<Item>();
    if (position.buffer.empty()) {
      auto entries = storage_.queue(submission, position.next, kReadAhead);
      if (!entries) return entries.error();
      position.has_unread = entries->size() == kReadAhead;
      if (entries->empty()) return std::optional<Item>();
      position.next = entries->back().seq + 1;
      position.buffer.assign(entries->begin(), entries->end());
    }
    LogEntry entry = std::move(position.buffer.front());
    if (!is_planted(Plant::kStuckCursor)) position.buffer.pop_front();
    auto due = is_due(position, entry);
    if (!due) return due.error();
    if (*due) return std::optional(Item{entry.seq, submission, lane});
    if (is_planted(Plant::kStuckCursor)) return std::optional<Item>();
  }
}

Result<bool> ConsumerQueue::is_due(const Position& position, const LogEntry& entry) {
  if (entry.is_origin || !filter_.matches(entry) || is_again(entry.seq)) return false;
  if (position.is_again && is_in_hand(entry.seq)) return false;
  if (entry.seq <= loaded_head_ || position.is_again) {
    auto marked = storage_.is_marked(entry.seq, consumer.id);
    if (!marked) return marked.error();
    if (*marked) return false;
  }
  if (!position.only_shared) return true;
  looked_through_++;
  return is_wanted(storage_, entry.seq);
}

// --- cancelled submissions ---

Result<bool> ConsumerQueue::is_wanted(Storage& storage, Seq seq) {
  auto record = storage.get(seq);
  if (!record && record.error().code == Code::kNotFound) return false;
  if (!record) return record.error();
  OriginWalk walk(storage, [&](const Origin& origin) -> Result<bool> {
    auto submission = storage.submission(origin.submission);
    if (!submission) return submission.error();
    return !submission->cancelled;
  });
  return walk.reaches(record->object);
}

bool ConsumerQueue::is_in_hand(Seq seq) const {
  auto is_it = [&](const Item& item) { return item.seq == seq; };
  bool is_returned = std::any_of(lanes_.begin(), lanes_.end(), [&](const LaneQueue& lane) {
    return std::any_of(lane.returned.begin(), lane.returned.end(), is_it);
  });
  return is_returned || claims_.contains(seq) ||
         std::any_of(delayed_.begin(), delayed_.end(), [&](auto& entry) { return is_it(entry.second); });
}

Result<std::vector<ConsumerQueue::Withdrawal>> ConsumerQueue::cancel(const Submission& submission) {
  std::vector<Withdrawal> withdrawn;
  LaneQueue& lane = lanes_[static_cast<size_t>(submission.lane)];
  auto position = lane.positions.find(submission.id);
  if (position != lane.positions.end()) {
    position->second.only_shared = true;
    if (!submission.shared) lane.positions.erase(position);
  }
  auto dropped = drop_unwanted(submission.id, lane.returned);
  if (!dropped) return dropped.error();
  for (auto it = delayed_.begin(); it != delayed_.end();) {
    bool is_its = it->second.submission == submission.id;
    auto wanted = is_its ? is_wanted(storage_, it->second.seq) : true;
    if (!wanted) return wanted.error();
    it = *wanted ? std::next(it) : delayed_.erase(it);
  }
  for (auto& [seq, claim] : claims_) {
    if (claim.item.submission != submission.id) continue;
    auto wanted = is_wanted(storage_, seq);
    if (!wanted) return wanted.error();
    claim.item.is_withdrawn = !*wanted;
    if (!*wanted) withdrawn.push_back({seq, claim.peer});
  }
  return withdrawn;
}

Result<void> ConsumerQueue::drop_unwanted(SubmissionId submission, std::deque<Item>& items) {
  for (auto it = items.begin(); it != items.end();) {
    auto wanted = it->submission == submission ? is_wanted(storage_, it->seq) : true;
    if (!wanted) return wanted.error();
    it = *wanted ? std::next(it) : items.erase(it);
  }
  return {};
}

void ConsumerQueue::revive(const Submission& submission) {
  if (!submission.shared) return;
  Position position;
  position.next = submission.first;
  position.only_shared = position.is_again = true;
  lanes_[static_cast<size_t>(submission.lane)].positions[submission.id] = std::move(position);
  for (auto& [seq, claim] : claims_) {
    if (claim.item.submission == submission.id) claim.item.is_revived = true;
  }
}

Result<void> ConsumerQueue::end_withdrawn(Item item) {
  auto wanted = is_wanted(storage_, item.seq);
  if (!wanted) return wanted.error();
  item.is_withdrawn = item.is_revived = false;
  if (*wanted) put_back(item);
  return {};
}

bool ConsumerQueue::is_withdrawn(Seq seq, PeerId peer) const {
  auto it = claims_.find(seq);
  return it != claims_.end() && it->second.peer == peer && it->second.item.is_withdrawn;
}

bool ConsumerQueue::holds(Seq seq, PeerId peer) const {
  auto it = claims_.find(seq);
  return it != claims_.end() && it->second.peer == peer;
}

std::optional<PeerId> ConsumerQueue::holder(Seq seq) const {
  auto it = claims_.find(seq);
  return it == claims_.end() ? std::nullopt : std::optional(it->second.peer);
}

std::map<Seq, MonotonicTime> ConsumerQueue::delays() const {
  std::map<Seq, MonotonicTime> delays;
  for (const auto& [until, item] : delayed_) delays.emplace(item.seq, until);
  return delays;
}

std::vector<Seq> ConsumerQueue::claims_of(PeerId peer) const {
  std::vector<Seq> held;
  for (const auto& [seq, claim] : claims_) {
    if (claim.peer == peer && !claim.item.is_withdrawn) held.push_back(seq);
  }
  return held;
}

std::optional<ConsumerQueue::Item> ConsumerQueue::release(Seq seq, PeerId peer) {
  auto it = claims_.find(seq);
  if (it == claims_.end())
    return is_planted(Plant::kUnfencedFinish) ? std::optional(Item{seq}) : std::nullopt;
  if (it->second.peer != peer && !is_planted(Plant::kUnfencedFinish)) return std::nullopt;
  Item item = it->second.item;
  claims_.erase(it);
  return item;
}

void ConsumerQueue::wake(MonotonicTime now) {
  auto end = delayed_.upper_bound(now);
  for (auto it = delayed_.begin(); it != end; ++it) put_back(it->second);
  delayed_.erase(delayed_.begin(), end);
}

// What was marked once and is due again is not found by looking through the log: it was put back.
bool ConsumerQueue::is_again(Seq seq) const {
  auto it = attempts_.find(seq);
  return it != attempts_.end() && it->second.is_again;
}

Attempt ConsumerQueue::attempt(Seq seq) const {
  auto it = attempts_.find(seq);
  if (it != attempts_.end()) return it->second;
  return Attempt{.seq = seq, .consumer = consumer.id, .reason = {}};
}

void ConsumerQueue::set(const Attempt& attempt) {
  if (attempt.empty()) {
    attempts_.erase(attempt.seq);
  } else {
    attempts_[attempt.seq] = attempt;
  }
}

Result<void> ConsumerQueue::hand_back(PeerId peer) {
  for (auto it = claims_.begin(); it != claims_.end();) {
    if (it->second.peer != peer) {
      ++it;
      continue;
    }
    Item item = it->second.item;
    it = claims_.erase(it);
    if (item.is_withdrawn) {
      auto ended = end_withdrawn(item);
      if (!ended) return ended;
    } else if (!is_planted(Plant::kForgottenClaim)) {
      put_back(item);
    }
  }
  return {};
}

bool ConsumerQueue::is_settled() const {
  bool has_claims =
      std::any_of(claims_.begin(), claims_.end(), [](auto& c) { return c.second.item.is_open(); });
  return !has_claims && delayed_.empty() &&
         std::all_of(lanes_.begin(), lanes_.end(),
                     [](const LaneQueue& lane) { return lane.positions.empty() && lane.returned.empty(); });
}

bool ConsumerQueue::is_settled(SubmissionId submission, Lane lane) const {
  const LaneQueue& queue = lanes_[static_cast<size_t>(lane)];
  auto concerns = [&](const Item& item) { return item.submission == submission; };
  return !queue.positions.contains(submission) &&
         std::none_of(queue.returned.begin(), queue.returned.end(), concerns) &&
         std::none_of(delayed_.begin(), delayed_.end(),
                      [&](auto& entry) { return concerns(entry.second); }) &&
         std::none_of(claims_.begin(), claims_.end(),
                      [&](auto& c) { return concerns(c.second.item) && c.second.item.is_open(); });
}

Seq ConsumerQueue::watermark(Lane lane, Seq head) const {
  const LaneQueue& queue = lanes_[static_cast<size_t>(lane)];
  Seq unhandled = head + 1;
  for (const auto& [submission, position] : queue.positions)
    unhandled = std::min(unhandled, position.first());
  auto wait_for = [&](const Item& item) {
    if (item.lane == lane && !is_again(item.seq)) unhandled = std::min(unhandled, item.seq);
  };
  for (const Item& item : queue.returned) wait_for(item);
  for (const auto& [seq, claim] : claims_) {
    if (claim.item.is_open()) wait_for(claim.item);
  }
  for (const auto& [until, item] : delayed_) wait_for(item);
  return unhandled - 1;
}

}  // namespace rebus
