// BareBus: a bare broker and its peers.
#pragma once

#include <functional>
#include <thread>
#include <zmq.hpp>

#include "tests/bench/bare_broker.h"
#include "tests/bench/message_sizes.h"
#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus {

class BareBus {
 public:
  // As BenchBus: "ipc" or "tcp" to a process of its own, or "inproc".
  BareBus(const MessageSizes& sizes, bool is_durable, const std::string& transport = "ipc");
  ~BareBus();
  BareBus(const BareBus&) = delete;
  BareBus& operator=(const BareBus&) = delete;
  const std::string& address() const { return address_; }
  const MessageSizes& sizes() const { return sizes_; }
  // That of all peers if they are in one process with the broker, else null.
  const std::shared_ptr<zmq::context_t>& shared_context() const { return context_; }

 private:
  const MessageSizes sizes_;
  ScratchFolder folder_;
  const std::string address_;
  std::unique_ptr<Process> process_;
  std::shared_ptr<zmq::context_t> context_;
  std::thread thread_;
};

// A connection, with a context and so a thread of its own, but in one process.
class BarePeer {
 public:
  explicit BarePeer(const BareBus& bus);
  void send(const BareMessage& message, size_t size);
  // Nothing: `wait` is over; -1 ms waits for ever.
  std::optional<BareMessage> receive(std::chrono::milliseconds wait);

 private:
  std::shared_ptr<zmq::context_t> context_;
  zmq::socket_t socket_;
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
