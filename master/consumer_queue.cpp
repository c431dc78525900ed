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
  if (entry.is_origin || !filter_.matches(entry)) return false;
  if (entry.seq > loaded_head_) return true;
  auto marked = storage_.is_marked(entry.seq, consumer.id);
  if (!marked) return marked.error();
  return !*marked;
}

bool ConsumerQueue::release(Seq seq, PeerId peer) {
  auto it = claims_.find(seq);
  if (it == claims_.end()) return is_planted(Plant::kUnfencedFinish);
  if (it->second.peer != peer && !is_planted(Plant::kUnfencedFinish)) return false;
  claims_.erase(it);
  return true;
}

void ConsumerQueue::hand_back(PeerId peer) {
  for (auto it = claims_.begin(); it != claims_.end();) {
    if (it->second.peer != peer) {
      ++it;
      continue;
    }
    const Item& item = it->second.item;
    if (!is_planted(Plant::kForgottenClaim)) lanes_[static_cast<size_t>(item.lane)].returned.push_back(item);
    it = claims_.erase(it);
  }
}

bool ConsumerQueue::is_settled() const {
  return claims_.empty() && std::all_of(lanes_.begin(), lanes_.end(), [](const LaneQueue& lane) {
           return lane.positions.empty() && lane.returned.empty();
         });
}

bool ConsumerQueue::is_settled(SubmissionId submission, Lane lane) const {
  const LaneQueue& queue = lanes_[static_cast<size_t>(lane)];
  auto concerns = [&](const Item& item) { return item.submission == submission; };
  return !queue.positions.contains(submission) &&
         std::none_of(queue.returned.begin(), queue.returned.end(), concerns) &&
         std::none_of(claims_.begin(), claims_.end(),
                      [&](auto& claim) { return concerns(claim.second.item); });
}

Seq ConsumerQueue::watermark(Lane lane, Seq head) const {
  const LaneQueue& queue = lanes_[static_cast<size_t>(lane)];
  Seq unhandled = head + 1;
  for (const auto& [submission, position] : queue.positions)
    unhandled = std::min(unhandled, position.first());
  for (const Item& item : queue.returned) unhandled = std::min(unhandled, item.seq);
  for (const auto& [seq, claim] : claims_) {
    if (claim.item.lane == lane) unhandled = std::min(unhandled, seq);
  }
  return unhandled - 1;
}

}  // namespace rebus
