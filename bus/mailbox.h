// Mailbox<T>: the one place where threads meet.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "bus/wake_event.h"

namespace rebus {

// Unbounded queue; what bounds it is credit. Thread-safe.
template <class T>
class Mailbox {
 public:
  Mailbox() = default;
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  void put(T item) {
    {
      std::lock_guard lock(mutex_);
      if (closed_) return;
      items_.push_back(std::move(item));
      if (items_.size() == 1) signal();
    }
    ready_.notify_one();
  }

  // Waits up to `timeout` (or for ever); nothing on time-out or when closed and empty.
  std::optional<T> take(std::optional<std::chrono::milliseconds> timeout = {}) {
    std::unique_lock lock(mutex_);
    auto is_ready = [&] { return !items_.empty() || closed_; };
    if (!timeout) {
      ready_.wait(lock, is_ready);
    } else if (!ready_.wait_for(lock, *timeout, is_ready)) {
      return std::nullopt;
    }
    if (items_.empty()) return std::nullopt;
    T item = std::move(items_.front());
    items_.pop_front();
    if (items_.empty() && !closed_) drain();
    return item;
  }

  // All that is there, without waiting.
  std::deque<T> take_all() {
    std::lock_guard lock(mutex_);
    if (!items_.empty() && !closed_) drain();
    return std::exchange(items_, {});
  }

  // Nothing can be put any more; those who wait are woken.
  void close() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
      signal();
    }
    ready_.notify_all();
  }

  bool closed() const {
    std::lock_guard lock(mutex_);
    return closed_;
  }

  // Readable while there is something to take or the box is closed, for those who wait in a poll. Made at the
  // first call: nobody else pays for it.
  int event_fd() {
    std::lock_guard lock(mutex_);
    if (event_) return event_->fd();
    event_.emplace();
    if (!items_.empty() || closed_) signal();
    return event_->fd();
  }

 private:
  void signal() {
    if (event_) event_->set();
  }
  void drain() {
    if (event_) event_->clear();
  }

  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<T> items_;
  bool closed_ = false;
  std::optional<WakeEvent> event_;
};

}  // namespace rebus
