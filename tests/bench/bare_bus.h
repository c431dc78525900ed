// BareBus: a bare_broker in a process of its own, and the peers that it has.
#pragma once

#include <functional>
#include <thread>
#include <zmq.hpp>

#include "tests/bench/bare_message.h"
#include "tests/bench/message_sizes.h"
#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus {

// A connection with a context, and so a thread, of its own.
class BarePeer {
 public:
  explicit BarePeer(const std::string& address);
  void send(const BareMessage& message, size_t size);
  // Nothing: `wait` is over; -1 ms waits for ever.
  std::optional<BareMessage> receive(std::chrono::milliseconds wait);

 private:
  zmq::context_t context_;
  zmq::socket_t socket_{context_, zmq::socket_type::dealer};
};

class BareBus {
 public:
  BareBus(const MessageSizes& sizes, bool is_durable);
  const std::string& address() const { return address_; }
  const MessageSizes& sizes() const { return sizes_; }

 private:
  const MessageSizes sizes_;
  ScratchFolder folder_;
  const std::string address_ = "ipc://" + folder_.at("bus");
  Process broker_;
};

// Finishes what it is given, after `handle`.
class BareConsumer {
 public:
  BareConsumer(const BareBus& bus, std::function<void(const BareMessage&)> handle);
  ~BareConsumer();
  BareConsumer(const BareConsumer&) = delete;
  BareConsumer& operator=(const BareConsumer&) = delete;

 private:
  void run(const std::function<void(const BareMessage&)>& handle);
  BarePeer peer_;
  const size_t finish_size_;
  std::atomic<bool> ends_ = false;
  std::thread thread_;
};

}  // namespace rebus
