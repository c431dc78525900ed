#include "descriptor/background_hash.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace rebus {
namespace {

constexpr size_t kPart = 256 << 10;  // bytes that are worth a wake-up
constexpr size_t kMostParts = 8;

}  // namespace

class BackgroundHash::Helper {
 public:
  explicit Helper(Sha256& hash) : hash_(hash), thread_([this] { run(); }) {}
  ~Helper() {
    {
      std::lock_guard lock(mutex_);
      ends_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Helper(const Helper&) = delete;
  Helper& operator=(const Helper&) = delete;

  void add(Bytes bytes) {
    while (!bytes.empty()) {
      Bytes part = bytes.first(std::min(bytes.size(), kPart - filling_.size()));
      filling_ += as_text(part);
      bytes = bytes.subspan(part.size());
      if (filling_.size() == kPart) hand_over();
    }
  }

  // All that was added is hashed.
  void finish() {
    if (!filling_.empty()) hand_over();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.empty() && !is_hashing_; });
  }

 private:
  void hand_over() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.size() < kMostParts; });
    waiting_.push_back(std::exchange(filling_, take_free()));
    lock.unlock();
    changed_.notify_all();
  }

  // Memory that was touched before.
  std::string take_free() {
    std::string part;
    if (!free_.empty()) part = std::move(free_.back()), free_.pop_back();
    part.clear();
    part.reserve(kPart);
    return part;
  }

  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return !waiting_.empty() || ends_; });
      if (ends_) return;
      std::string part = std::move(waiting_.front());
      waiting_.pop_front();
      is_hashing_ = true;
      lock.unlock();
      hash_.update(as_bytes(part));
      lock.lock();
      free_.push_back(std::move(part));
      is_hashing_ = false;
      changed_.notify_all();
    }
  }

  Sha256& hash_;
  std::string filling_;
  std::mutex mutex_;  // guards the rest
  std::condition_variable changed_;
  std::deque<std::string> waiting_;
  std::vector<std::string> free_;
  bool is_hashing_ = false, ends_ = false;
  std::thread thread_;
};

BackgroundHash::BackgroundHash() = default;
BackgroundHash::~BackgroundHash() = default;

void BackgroundHash::update(Bytes bytes) {
  size_ += bytes.size();
  if (size_ > kAtOnce && helper_ == nullptr) helper_ = std::make_unique<Helper>(hash_);
  if (helper_ != nullptr) return helper_->add(bytes);
  hash_.update(bytes);
}

Digest BackgroundHash::finish() {
  if (helper_ != nullptr) helper_->finish();
  return hash_.finish();
}

}  // namespace rebus
