// Master: what is decided. Rules only: no socket, no thread, no clock.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bus/agent.h"
#include "bus/message.h"
#include "storage/storage.h"

namespace rebus {

// A connection as the server knows it; never reused while the master lives.
using PeerId = uint64_t;
using MonotonicTime = std::chrono::steady_clock::time_point;

// What the world gives with a call.
struct Moment {
  MonotonicTime steady;  // for sessions
  int64_t utc_ns = 0;    // for stored_at, display only
};

struct Outgoing {
  PeerId peer = 0;
  Message message;
};
using Outbox = std::vector<Outgoing>;

struct MasterOptions {
  std::chrono::milliseconds session_life{6500};   // silent sessions end after this
  std::chrono::milliseconds return_time{10'000};  // after a start, for those who were there before it
  bool expire_sessions = true;                    // not in one process, where peers cannot vanish
  Limits limits;
};

// One thread. The server takes what is waiting, calls handle() for each, then settle() once, and sends the
// outbox only if settle() succeeded: it commits the storage. When it failed nothing may be sent: the server
// stops.
class Master {
 public:
  static Result<std::unique_ptr<Master>> start(Storage& storage, MasterOptions options, Moment now);
  ~Master();

  void handle(PeerId peer, Message message, const Moment& now);
  // The connection is gone for good.
  void peer_gone(PeerId peer);
  // Time passes: ends silent sessions and the work of instances that are stuck, brings up what was put off,
  // gives up waiting for those who do not come back. Call it once a second.
  void tick(const Moment& now);
  // Commits, hands out work, and gives what is to be sent.
  Result<Outbox> settle();
  // The same in two parts, so that more can be handled while the disk works: what is to be sent may be sent
  // only after end_settle() took the answer of `sync` without an error. See Storage::begin_commit().
  struct Settling {
    Outbox outbox;
    Storage::Sync sync;  // none: it may be sent at once
  };
  Result<Settling> begin_settle();
  Result<void> end_settle(const Result<void>& synced);
  // After settle(): there is more to do at once, without waiting for a message.
  bool more() const;
  // Something is tried again when its time has come: tick() finds out.
  bool has_delayed() const;
  // No open producer, and every live consumer has handled all; nobody who was there before a restart of the
  // master is waited for.
  bool is_idle() const;

 private:
  explicit Master(Storage& storage, MasterOptions options);
  struct Rules;
  std::unique_ptr<Rules> rules_;
};

}  // namespace rebus
