#include "master/consumer_queue.h"

#include <algorithm>

#include "master/plant.h"

namespace rebus {
namespace {

constexpr size_t kReadAhead = 32;  // log entries held per submission

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
      lanes_[lane].positions[s.id].next = std::max(s.first, handled + 1);
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
    put_back({seq, record->submission, record->lane});
  }
  return {};
}

void ConsumerQueue::appended(const LogEntry& entry, SubmissionId submission, Lane lane) {
  if (entry.is_origin || !filter_.matches(entry)) return;
  auto [it, fresh] = lanes_[static_cast<size_t>(lane)].positions.try_emplace(submission);
  if (fresh) it->second.next = entry.seq;
}

Result<std::optional<ConsumerQueue::Item>> ConsumerQueue::claim_next(PeerId peer) {
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
    if (*item) return item;
    queue.positions.erase(it);  // nothing left of it; the next append brings it back
  }
  return std::optional<Item>();
}

Result<std::optional<ConsumerQueue::Item>> ConsumerQueue::next_of(SubmissionId submission, Position& position,
                                                                  Lane lane) {
  while (true) {
    if (position.buffer.empty()) {
      auto entries = storage_.queue(submission, position.next, kReadAhead);
      if (!entries) return entries.error();
      if (entries->empty()) return std::optional<Item>();
      position.next = entries->back().seq + 1;
      position.buffer.assign(entries->begin(), entries->end());
    }
    LogEntry entry = std::move(position.buffer.front());
    if (!is_planted(Plant::kStuckCursor)) position.buffer.pop_front();
    auto due = is_due(entry);
    if (!due) return due.error();
    if (*due) return std::optional(Item{entry.seq, submission, lane});
    if (is_planted(Plant::kStuckCursor)) return std::optional<Item>();
  }
}

Result<bool> ConsumerQueue::is_due(const LogEntry& entry) {
  if (entry.is_origin || !filter_.matches(entry) || is_again(entry.seq)) return false;
  if (entry.seq > loaded_head_) return true;
  auto marked = storage_.is_marked(entry.seq, consumer.id);
  if (!marked) return marked.error();
  return !*marked;
}

bool ConsumerQueue::holds(Seq seq, PeerId peer) const {
  auto it = claims_.find(seq);
  return it != claims_.end() && it->second.peer == peer;
}

bool ConsumerQueue::is_on_its_way(Seq seq) const {
  auto is_it = [&](const Item& item) { return item.seq == seq; };
  return claims_.contains(seq) ||
         std::any_of(lanes_.begin(), lanes_.end(),
                     [&](const LaneQueue& lane) {
                       return std::any_of(lane.returned.begin(), lane.returned.end(), is_it);
                     }) ||
         std::any_of(delayed_.begin(), delayed_.end(), [&](auto& entry) { return is_it(entry.second); });
}

std::optional<Seq> ConsumerQueue::last_claim(PeerId peer) const {
  auto it =
      std::find_if(claims_.rbegin(), claims_.rend(), [&](auto& claim) { return claim.second.peer == peer; });
  return it == claims_.rend() ? std::nullopt : std::optional(it->first);
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

void ConsumerQueue::hand_back(PeerId peer) {
  for (auto it = claims_.begin(); it != claims_.end();) {
    if (it->second.peer != peer) {
      ++it;
      continue;
    }
    const Item& item = it->second.item;
    if (!is_planted(Plant::kForgottenClaim)) put_back(item);
    it = claims_.erase(it);
  }
}

bool ConsumerQueue::is_settled() const {
  return claims_.empty() && delayed_.empty() &&
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
                      [&](auto& claim) { return concerns(claim.second.item); });
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
  for (const auto& [seq, claim] : claims_) wait_for(claim.item);
  for (const auto& [until, item] : delayed_) wait_for(item);
  return unhandled - 1;
}

}  // namespace rebus
