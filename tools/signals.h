// Signals: SIGINT and SIGTERM ask a program to stop; a second one ends it at once.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace rebus {

// Two signals within this time are one wish: timeout(1) sends it to its child, and then to the whole group.
inline constexpr std::chrono::milliseconds kSameWish{200};

// Makes SIGPIPE and SIGXFSZ harmless and waits for signals in a thread of its own. Make it before any other
// thread: those inherit that the signals are blocked.
class Signals {
 public:
  // Called by the own thread for the first signal. False: nothing needs stopping, end at once.
  explicit Signals(std::function<bool()> on_stop);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  void watch();

  std::function<bool()> on_stop_;
  int signals_fd_;
  int end_fd_;
  std::thread thread_;
};

}  // namespace rebus
