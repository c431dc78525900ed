// Dealer: the peer's socket. Nothing of ZeroMQ throws out of here.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <zmq.hpp>

#include "descriptor/result.h"

namespace rebus {

// One thread. Every connection of a peer is a new Dealer: what is still queued in an old one must never
// arrive in a new session, and ZeroMQ alone would deliver it.
class Dealer {
 public:
  static Result<Dealer> connect(zmq::context_t& context, const std::string& address);

  // False: no room, or no connection yet; wait with poll().
  bool send(const std::string& frame);
  // Whether there is a connection with room.
  bool can_send();
  // A message that is there already. One of several parts comes as an empty one: none of ours has that.
  std::optional<std::string> receive();
  // Waits until there is something to receive, room to send (if `to_send`), or `wake_fd` (if not -1) is
  // readable. A negative time-out is none.
  void poll(int wake_fd, bool to_send, std::chrono::milliseconds timeout);
  // Closes in the background; what was sent has so long to leave. Without it nothing leaves any more.
  void close_after(std::chrono::milliseconds linger);

 private:
  explicit Dealer(zmq::socket_t socket) : socket_(std::move(socket)) {}
  zmq::socket_t socket_;
};

}  // namespace rebus
