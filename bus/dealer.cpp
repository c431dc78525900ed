#include "bus/dealer.h"

#include <array>

#include "bus/dead_connections.h"
#include "bus/frame.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr int kReconnect = 100;      // milliseconds, as the next
constexpr int kReconnectMax = 1000;  // agents work again soon after the master is back
constexpr int kConnectTimeout = 5000;
// Messages; those of this side are bounded by the push window and those of the master by credit.
constexpr int kQueue = 256;

void configure(zmq::socket_t& socket, const std::string& address) {
  socket.set(zmq::sockopt::immediate, true);  // no queue before there is a connection
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::reconnect_ivl, kReconnect);
  socket.set(zmq::sockopt::reconnect_ivl_max, kReconnectMax);
  socket.set(zmq::sockopt::connect_timeout, kConnectTimeout);
  drop_dead_connections(socket);
  socket.set(zmq::sockopt::maxmsgsize, int64_t{kMaxFrame});
  socket.set(zmq::sockopt::sndhwm, kQueue);
  socket.set(zmq::sockopt::rcvhwm, kQueue);
  socket.set(zmq::sockopt::ipv6, address.find('[') != std::string::npos);
}

}  // namespace

Result<Dealer> Dealer::connect(zmq::context_t& context, const std::string& address) {
  try {
    zmq::socket_t socket(context, zmq::socket_type::dealer);
    configure(socket, address);
    socket.connect(address);
    return Dealer(std::move(socket));
  } catch (const zmq::error_t& e) {
    return Error{Code::kUnavailable, "cannot connect to " + escape(address) + ": " + e.what()};
  }
}

bool Dealer::send(const std::string& frame) {
  try {
    return socket_.send(zmq::buffer(frame), zmq::send_flags::dontwait).has_value();
  } catch (const zmq::error_t&) {
    return false;  // as if there were no connection: the session's own clock decides
  }
}

bool Dealer::can_send() {
  try {
    return (socket_.get(zmq::sockopt::events) & ZMQ_POLLOUT) != 0;
  } catch (const zmq::error_t&) {
    return false;
  }
}

std::optional<std::string> Dealer::receive() {
  try {
    zmq::message_t part;
    if (!socket_.recv(part, zmq::recv_flags::dontwait)) return std::nullopt;
    if (!part.more()) return part.to_string();
    while (part.more()) (void)socket_.recv(part, zmq::recv_flags::dontwait);
    return std::string();
  } catch (const zmq::error_t&) {
    return std::nullopt;
  }
}

void Dealer::poll(int wake_fd, bool to_send, std::chrono::milliseconds timeout) {
  short events = to_send ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN;
  std::array<zmq::pollitem_t, 2> items{{{socket_, 0, events, 0}, {nullptr, wake_fd, ZMQ_POLLIN, 0}}};
  try {
    zmq::poll(items.data(), wake_fd < 0 ? 1 : 2, timeout);
  } catch (const zmq::error_t&) {  // interrupted by a signal: the caller looks again anyway
  }
}

void Dealer::close_after(std::chrono::milliseconds linger) {
  try {
    socket_.set(zmq::sockopt::linger, static_cast<int>(linger.count()));
  } catch (const zmq::error_t&) {  // it lingers not at all then
  }
  socket_.close();
}

}  // namespace rebus
