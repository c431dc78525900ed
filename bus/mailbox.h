// Mailbox<T>: the one place where threads meet.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace rebus {

// Unbounded queue; what bounds it is credit. Thread-safe.
template <class T>
class Mailbox {
 public:
  Mailbox() = default;
  ~Mailbox() { close_fd(); }
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
    if (event_fd_ < 0) event_fd_ = eventfd(!items_.empty() || closed_ ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
    return event_fd_;
  }

 private:
  void signal() {
    if (event_fd_ >= 0) eventfd_write(event_fd_, 1);
  }
  void drain() {
    eventfd_t count = 0;
    if (event_fd_ >= 0) eventfd_read(event_fd_, &count);
  }
  void close_fd() {
    if (event_fd_ >= 0) ::close(event_fd_);
  }

  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<T> items_;
  bool closed_ = false;
  int event_fd_ = -1;
};

}  // namespace rebus
