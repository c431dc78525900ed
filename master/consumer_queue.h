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
  void appended(const LogEntry& entry, const Submission& submission);

  struct Item {
    Seq seq = 0;
    SubmissionId submission = 0;
    Lane lane = Lane::kNormal;
    bool is_withdrawn = false;  // of a cancelled submission, while it was being worked on
    bool is_revived = false;    // and may be wanted again since
    bool is_open() const { return !is_withdrawn || is_revived; }
  };
  // The next item, now claimed by `peer`; nothing if there is none, or if more is to be looked through than
  // one call does: has_more() tells.
  Result<std::optional<Item>> claim_next(PeerId peer);
  bool holds(Seq seq, PeerId peer) const;
  // Claimed, due again or delayed: not to be put back another time.
  bool is_in_hand(Seq seq) const;
  std::vector<Seq> claims_of(PeerId peer) const;  // ascending, without what is withdrawn
  // Ends a claim; nothing if `peer` does not hold it.
  std::optional<Item> release(Seq seq, PeerId peer);
  // A lost session: its claims are due again, first of all.
  Result<void> hand_back(PeerId peer);
  bool has_more() const { return has_more_; }

  // The submission was cancelled: of it, only what another one brought too is still to be handled. Gives the
  // claims that are withdrawn.
  struct Withdrawal {
    Seq seq = 0;
    PeerId peer = 0;
  };
  Result<std::vector<Withdrawal>> cancel(const Submission& submission);
  // Another submission brought something of a cancelled one.
  void revive(const Submission& submission);
  // A withdrawn item was given back: it is due if somebody else wants it meanwhile.
  Result<void> end_withdrawn(Item item);
  bool is_withdrawn(Seq seq, PeerId peer) const;
  // An item that nobody holds is due again: not before a time, or at once.
  void delay(const Item& item, MonotonicTime until) { delayed_.emplace(until, item); }
  void put_back(const Item& item) { lane_of(item).returned.push_back(item); }
  // What was delayed until now is due.
  void wake(MonotonicTime now);
  bool has_delayed() const { return !delayed_.empty(); }
  // When what was delayed is due.
  std::map<Seq, MonotonicTime> delays() const;
  std::optional<PeerId> holder(Seq seq) const;
  // Whether a submission that is not cancelled brought the file.
  static Result<bool> is_wanted(Storage& storage, Seq seq);
  size_t delayed() const { return delayed_.size(); }

  // What is known of earlier tries; an empty one if nothing is.
  Attempt attempt(Seq seq) const;
  const std::map<Seq, Attempt>& attempts() const { return attempts_; }
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
    bool only_shared = false;  // of a cancelled submission: entries that others brought, too
    bool is_again = false;     // it was walked before: marks tell what was handled
    bool has_unread = true;    // of the log, from `next` on
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
  Result<bool> is_due(const Position& position, const LogEntry& entry);
  Result<void> drop_unwanted(SubmissionId submission, std::deque<Item>& items);
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
  size_t looked_through_ = 0;  // by the current call
  bool has_more_ = false;
};

}  // namespace rebus
