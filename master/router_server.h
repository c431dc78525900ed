// RouterServer: drives a Master for peers in other processes.
#pragma once

#include <memory>
#include <zmq.hpp>

#include "bus/wake_event.h"
#include "master/master.h"
#include "master/peer_table.h"
#include "master/router.h"
#include "master/settler.h"

namespace rebus {

struct ServerLimits {
  std::chrono::milliseconds tick{1'000};
  // A connection silent for so long is forgotten; longer than MasterOptions::session_life.
  std::chrono::milliseconds forget{20'000};
  // Bytes that wait for one peer that does not read, beyond what ZeroMQ holds for it. Tasks are bounded by
  // credit and answers by what it asked, so more than that is asked by nobody who means well.
  size_t waiting = 64 << 20;
  // The same of all peers together: then the one with most of it is dropped.
  size_t all_waiting = 256 << 20;
};

// Takes what is waiting, has the master handle it, settles once, then sends. Decides nothing but who may
// speak: a peer whose frames carry the session that Welcome gave to its connection. One thread.
class RouterServer {
 public:
  // Listens from now on; see check_allowed() and danger_of() for what that means.
  static Result<std::unique_ptr<RouterServer>> listen(const Address& address, ServerLimits limits = {});

  // Where it listens, with the port in place of "*".
  std::string endpoint() const { return router_.endpoint(); }
  // Until `stop_fd` is readable. An error (kStorage) is the master's: nothing of that round was sent.
  Result<void> serve(Master& master, int stop_fd);

 private:
  RouterServer(std::unique_ptr<zmq::context_t> context, Router router, ServerLimits limits)
      : context_(std::move(context)), router_(std::move(router)), limits_(limits) {}

  std::chrono::milliseconds patience() const;
  void take_waiting();
  void take(const Received& received);
  void take_frame(Peer& peer, const std::string& bytes);
  void hand_over(Peer& peer, Message message);
  void refuse(Peer& peer, uint64_t request, const Error& error);
  void tick();
  void drop(PeerId id);

  Result<void> deliver_all(Result<Outbox> outbox);
  void deliver(Outgoing outgoing);
  void send(Peer& peer, const Message& message);
  void send_frame(Peer& peer, std::string frame);
  void send_waiting();
  size_t send_waiting(Peer& peer);

  std::unique_ptr<zmq::context_t> context_;
  Router router_;
  const ServerLimits limits_;
  Master* master_ = nullptr;
  Settler* settler_ = nullptr;
  WakeEvent durable_;  // a round is
  PeerTable peers_;
  MonotonicTime next_tick_;
  bool is_stuck_ = false;  // some connection has no room
  bool at_once_ = false;   // something happened that the master has yet to settle
};

}  // namespace rebus
