#include "master/router.h"

#include <sys/stat.h>

#include <array>

#include "bus/dead_connections.h"
#include "bus/frame.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr int kHandshake = 5000;  // milliseconds
constexpr int kLinger = 500;
constexpr int kBacklog = 1024;  // connections
// Messages per peer. Beyond that they wait in the server, which knows how many it bears.
constexpr int kQueue = 64;

// Below it, known holes can be used by anybody who can connect (CVE-2020-15166 and others).
constexpr auto kOldest = std::make_tuple(4, 3, 4);

Error cannot_listen(const Address& address, const std::string& why) {
  return {Code::kUnavailable, "cannot listen at " + escape(address.str()) + ": " + why};
}

void configure(zmq::socket_t& socket, const std::string& address) {
  socket.set(zmq::sockopt::router_mandatory, true);  // else what does not fit is dropped without a word
  socket.set(zmq::sockopt::router_handover, false);  // else a peer can take another's answers
  socket.set(zmq::sockopt::maxmsgsize, int64_t{kMaxFrame});
  socket.set(zmq::sockopt::handshake_ivl, kHandshake);
  socket.set(zmq::sockopt::backlog, kBacklog);
  socket.set(zmq::sockopt::linger, kLinger);
  drop_dead_connections(socket);
  socket.set(zmq::sockopt::sndhwm, kQueue);
  socket.set(zmq::sockopt::rcvhwm, kQueue);
  socket.set(zmq::sockopt::ipv6, address.find('[') != std::string::npos);
}

}  // namespace

Result<Router> Router::bind(zmq::context_t& context, const Address& address) {
  if (zmq::version() < kOldest) return cannot_listen(address, "libzmq is older than 4.3.4");
  std::optional<IpcPlace> place;
  if (!address.is_tcp()) {
    auto taken = IpcPlace::take(address.path());
    if (!taken) return taken.error();
    place.emplace(*std::move(taken));
  }
  try {
    zmq::socket_t socket(context, zmq::socket_type::router);
    configure(socket, address.str());
    socket.bind(address.str());
    if (!address.is_tcp()) chmod(address.path().c_str(), 0600);
    return Router(std::move(socket), std::move(place));
  } catch (const zmq::error_t& e) {
    return cannot_listen(address, e.what());
  }
}

std::string Router::endpoint() const { return socket_.get(zmq::sockopt::last_endpoint); }

std::optional<Received> Router::receive() {
  try {
    zmq::message_t id, frame;
    if (!socket_.recv(id, zmq::recv_flags::dontwait)) return std::nullopt;
    if (!id.more() || !socket_.recv(frame, zmq::recv_flags::dontwait)) return Received{id.to_string(), {}};
    if (!frame.more()) return Received{id.to_string(), frame.to_string()};
    while (frame.more()) (void)socket_.recv(frame, zmq::recv_flags::dontwait);
    return Received{id.to_string(), {}};
  } catch (const zmq::error_t&) {
    return std::nullopt;
  }
}

Router::Sent Router::send(const std::string& routing_id, const std::string& frame) {
  try {
    auto more = zmq::send_flags::dontwait | zmq::send_flags::sndmore;
    if (!socket_.send(zmq::buffer(routing_id), more)) return Sent::kFull;
    return socket_.send(zmq::buffer(frame), zmq::send_flags::dontwait) ? Sent::kYes : Sent::kFull;
  } catch (const zmq::error_t&) {
    return Sent::kGone;  // EHOSTUNREACH: no such connection any more
  }
}

bool Router::poll(int stop_fd, int wake_fd, std::chrono::milliseconds timeout) {
  std::array<zmq::pollitem_t, 3> items{
      {{socket_, 0, ZMQ_POLLIN, 0}, {nullptr, stop_fd, ZMQ_POLLIN, 0}, {nullptr, wake_fd, ZMQ_POLLIN, 0}}};
  try {
    zmq::poll(items, timeout);
  } catch (const zmq::error_t&) {  // interrupted by a signal: the caller looks again anyway
  }
  return items[1].revents != 0;
}

}  // namespace rebus
