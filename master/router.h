// Router: the master's socket. Nothing of ZeroMQ throws out of here.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <zmq.hpp>

#include "bus/address.h"
#include "master/ipc_place.h"

namespace rebus {

// What came in from one connection.
struct Received {
  std::string routing_id;  // ZeroMQ's name of the connection; means nothing else
  std::string frame;       // empty if it had several parts: none of ours has
};

// One thread.
class Router {
 public:
  static Result<Router> bind(zmq::context_t& context, const Address& address);

  // Where it listens, with the port in place of "*".
  std::string endpoint() const;
  std::optional<Received> receive();
  enum class Sent { kYes, kFull, kGone };
  Sent send(const std::string& routing_id, const std::string& frame);
  // Waits until there is something to receive, or one of these is readable; tells whether `stop_fd` is.
  bool poll(int stop_fd, int wake_fd, std::chrono::milliseconds timeout);

 private:
  Router(zmq::socket_t socket, std::optional<IpcPlace> place)
      : place_(std::move(place)), socket_(std::move(socket)) {}
  std::optional<IpcPlace> place_;  // freed after the socket is closed
  zmq::socket_t socket_;
};

}  // namespace rebus
