// FakeMaster: the other end of a ZmqChannel, played by a test line by line.
#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <zmq.hpp>

#include "bus/codec.h"

namespace rebus {

// How long a test waits for what has to come.
inline constexpr std::chrono::milliseconds kPatience{60'000};

// What a peer said, and over which connection.
struct Heard {
  std::string routing_id;
  SessionKey session;
  Message message;
};

// One thread. Waiting ends after a minute, with a failed test.
class FakeMaster {
 public:
  // "tcp://127.0.0.1:*" or an ipc address.
  explicit FakeMaster(const std::string& address);

  const std::string& address() const { return address_; }
  // The next message, heartbeats included.
  Heard hear();
  // The next message of this type; the others before it are gone, heartbeats answered with Alive.
  template <class M>
  Heard hear_until() {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
      Heard heard = hear();
      if (std::holds_alternative<M>(heard.message.body)) return heard;
      if (std::holds_alternative<Heartbeat>(heard.message.body)) answer(heard, Alive{});
    }
    throw std::runtime_error("only other things were heard for a minute");
  }
  // Whether something comes in that time.
  bool hears_something(std::chrono::milliseconds time);

  // Says it in the session of `heard`, as an answer to it. False: the connection is gone.
  bool answer(const Heard& heard, Body body);
  bool say(const Heard& heard, Message message, SessionKey session);
  // Hears Hello and gives a session of this token in epoch 1.
  Heard welcome(uint64_t token);
  static SessionKey key(uint64_t token) { return {1, token}; }

 private:
  zmq::context_t context_;
  zmq::socket_t socket_;
  std::string address_;
};

}  // namespace rebus
