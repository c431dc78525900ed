#include "master/settler.h"

#include <iterator>
#include <utility>

namespace rebus {

Settler::Settler(Master& master, std::function<void()> wake) : master_(master), wake_(std::move(wake)) {}

Settler::~Settler() {
  {
    std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Settler::is_waiting() const {
  std::lock_guard lock(mutex_);
  return is_held_ && !synced_;
}

Result<Outbox> Settler::step() {
  if (is_waiting()) return Outbox();
  auto durable = end_round();
  if (!durable) return durable;
  auto next = master_.begin_settle();
  if (!next) return next.error();
  if (!next->sync) {
    std::move(next->outbox.begin(), next->outbox.end(), std::back_inserter(*durable));
    return durable;
  }
  held_ = std::move(next->outbox);
  is_held_ = true;
  {
    std::lock_guard lock(mutex_);
    sync_ = std::move(next->sync);
  }
  changed_.notify_all();
  if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
  return durable;
}

Result<Outbox> Settler::finish() {
  auto first = step();
  while (first && is_held_) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return synced_.has_value(); });
    lock.unlock();
    auto next = step();
    if (!next) return next;
    std::move(next->begin(), next->end(), std::back_inserter(*first));
  }
  return first;
}

// What was held, if there was such a round.
Result<Outbox> Settler::end_round() {
  if (!is_held_) return Outbox();
  is_held_ = false;
  std::unique_lock lock(mutex_);
  const Result<void> synced = *std::exchange(synced_, std::nullopt);
  lock.unlock();
  auto ended = master_.end_settle(synced);
  return ended ? Result<Outbox>(std::exchange(held_, {})) : ended.error();
}

void Settler::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return sync_ || ends_; });
    if (!sync_) return;
    Storage::Sync sync = std::exchange(sync_, nullptr);
    lock.unlock();
    auto synced = sync();
    lock.lock();
    synced_ = std::move(synced);
    lock.unlock();
    changed_.notify_all();
    wake_();
    lock.lock();
  }
}

}  // namespace rebus
