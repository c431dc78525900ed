// BusWatch: asks the master how things are, again and again, in a thread of its own.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "bus/bus.h"
#include "bus/mailbox.h"
#include "bus/zmq_channel.h"

namespace rebus {

struct BusNews {
  std::chrono::steady_clock::time_point asked;  // what the status says was so after this moment
  Status status;
};

class BusWatch {
 public:
  // Begins at once, and goes on trying until somebody answers.
  explicit BusWatch(std::string address);
  // Leaves the bus.
  ~BusWatch();
  BusWatch(const BusWatch&) = delete;
  BusWatch& operator=(const BusWatch&) = delete;

  // Thread-safe. Tells the master of it as soon as it answers.
  void report(ProcessEnd end) { ends_.put(std::move(end)); }

  // News, or why there are none; the error of a master that does not answer is repeated every ten seconds.
  Mailbox<Result<BusNews>>& news() { return news_; }

 private:
  void run();
  Result<std::shared_ptr<Bus>> join();
  void ask_while_it_answers(Bus& bus);
  Result<void> tell_ends(Bus& bus);
  bool is_ended() const { return end_.closed(); }

  const std::string address_;
  Mailbox<Result<BusNews>> news_;
  Mailbox<ProcessEnd> ends_;
  Mailbox<bool> end_;  // closed: the time has come
  std::mutex mutex_;
  std::shared_ptr<Bus> bus_;  // to be interrupted
  std::thread thread_;
};

}  // namespace rebus
