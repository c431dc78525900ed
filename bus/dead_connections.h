// How connections end whose other end is gone without a word.
#pragma once

#include <zmq.hpp>

namespace rebus {

// By TCP itself: probes of a connection that is silent, and a limit for what is never acknowledged. Not by
// ZMTP heartbeats: libzmq 4.3.4 ends the whole process if one is due of a connection that is lost while too
// much of it waits to be read (stream_engine_base.cpp, "!_io_error"). Who is alive is told by our own
// Heartbeat anyway.
inline void drop_dead_connections(zmq::socket_t& socket) {
  constexpr int kSilent = 5, kBetween = 2, kProbes = 3;  // seconds, seconds, count
  constexpr int kRetransmit = 10'000;                    // milliseconds
  socket.set(zmq::sockopt::tcp_keepalive, 1);
  socket.set(zmq::sockopt::tcp_keepalive_idle, kSilent);
  socket.set(zmq::sockopt::tcp_keepalive_intvl, kBetween);
  socket.set(zmq::sockopt::tcp_keepalive_cnt, kProbes);
  socket.set(zmq::sockopt::tcp_maxrt, kRetransmit);
}

}  // namespace rebus
