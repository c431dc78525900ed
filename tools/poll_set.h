// PollSet: one round of waiting for several files.
#pragma once

#include <poll.h>

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

namespace rebus {

class PollSet {
 public:
  void add(int fd, short events, std::function<void()> on_ready) {
    waiting_.push_back({fd, events, 0});
    actions_.push_back(std::move(on_ready));
  }

  // Until one of them is ready or the time has come, then calls what belongs to those that are, in the order
  // in which they were added.
  void wait(std::optional<std::chrono::steady_clock::time_point> until) {
    int timeout = -1;
    if (until) {
      auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - std::chrono::steady_clock::now());
      timeout = static_cast<int>(std::max<int64_t>(0, left.count()));
    }
    if (poll(waiting_.data(), waiting_.size(), timeout) <= 0) return;
    for (size_t i = 0; i < waiting_.size(); i++) {
      if (waiting_[i].revents != 0) actions_[i]();
    }
  }

 private:
  std::vector<pollfd> waiting_;
  std::vector<std::function<void()>> actions_;
};

}  // namespace rebus
