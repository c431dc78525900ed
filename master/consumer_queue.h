// ConsumerQueue: what one live consumer has still to handle, in which order, and who holds what.
#pragma once

#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <optional>

#include "master/filter.h"
#include "storage/storage.h"

namespace rebus {

using PeerId = uint64_t;
using MonotonicTime = std::chrono::steady_clock::time_point;

// The backlog lives in the storage's log; here are positions in it, one for each submission with work left,
// so that submissions take turns and an urgent lane goes first.
class ConsumerQueue {
 public:
  ConsumerQueue(Storage& storage, Consumer consumer, Filter filter);

  // Positions the queue after what was handled before. Call once.
  Result<void> load();
  // A descriptor was stored.
  void appended(const LogEntry& entry, SubmissionId submission, Lane lane);

  struct Item {
    Seq seq = 0;
    SubmissionId submission = 0;
    Lane lane = Lane::kNormal;
  };
  // The next item, now claimed by `peer`; nothing if there is none.
  Result<std::optional<Item>> claim_next(PeerId peer);
  bool holds(Seq seq, PeerId peer) const;
  // Claimed, due again or delayed: not to be put back another time.
  bool is_on_its_way(Seq seq) const;
  std::optional<Seq> last_claim(PeerId peer) const;  // the highest
  // Ends a claim; nothing if `peer` does not hold it.
  std::optional<Item> release(Seq seq, PeerId peer);
  // A lost session: its claims are due again, first of all.
  void hand_back(PeerId peer);
  // An item that nobody holds is due again: not before a time, or at once.
  void delay(const Item& item, MonotonicTime until) { delayed_.emplace(until, item); }
  void put_back(const Item& item) { lane_of(item).returned.push_back(item); }
  // What was delayed until now is due.
  void wake(MonotonicTime now);
  bool has_delayed() const { return !delayed_.empty(); }
  size_t delayed() const { return delayed_.size(); }

  // What is known of earlier tries; an empty one if nothing is.
  Attempt attempt(Seq seq) const;
  // As it was stored; an empty one is forgotten.
  void set(const Attempt& attempt);

  bool is_settled() const;
  bool is_settled(SubmissionId submission, Lane lane) const;
  size_t claims() const { return claims_.size(); }
  const Filter& filter() const { return filter_; }

  // Everything of the lane that concerns the consumer is handled up to here.
  Seq watermark(Lane lane, Seq head) const;

  Consumer consumer;  // its stored record

 private:
  // Where the work on one submission is: what was read from the log, then `next`.
  struct Position {
    Seq next = 0;
    std::deque<LogEntry> buffer;
    Seq first() const { return buffer.empty() ? next : buffer.front().seq; }
  };
  struct LaneQueue {
    std::map<SubmissionId, Position> positions;
    SubmissionId turn = 0;      // submission served last
    std::deque<Item> returned;  // by lost sessions
  };
  struct Claim {
    PeerId peer = 0;
    Item item;
  };

  Result<std::optional<Item>> next_in(Lane lane);
  Result<std::optional<Item>> next_of(SubmissionId submission, Position& position, Lane lane);
  Result<bool> is_due(const LogEntry& entry);
  LaneQueue& lane_of(const Item& item) { return lanes_[static_cast<size_t>(item.lane)]; }
  bool is_again(Seq seq) const;
  Result<void> load_attempts();

  Storage& storage_;
  Filter filter_;
  Seq loaded_head_ = 0;  // what is at or below may have been handled before
  std::array<LaneQueue, kLanes> lanes_;
  std::map<Seq, Claim> claims_;
  std::multimap<MonotonicTime, Item> delayed_;
  std::map<Seq, Attempt> attempts_;
};

}  // namespace rebus
