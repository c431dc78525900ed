// ConsumerQueue: what one live consumer has still to handle, in which order, and who holds what.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <optional>

#include "master/filter.h"
#include "storage/storage.h"

namespace rebus {

using PeerId = uint64_t;

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
  // Ends a claim; false if `peer` does not hold it.
  bool release(Seq seq, PeerId peer);
  // A lost session: its claims are due again, first of all.
  void hand_back(PeerId peer);

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

  Storage& storage_;
  Filter filter_;
  Seq loaded_head_ = 0;  // what is at or below may have been handled before
  std::array<LaneQueue, kLanes> lanes_;
  std::map<Seq, Claim> claims_;
};

}  // namespace rebus
