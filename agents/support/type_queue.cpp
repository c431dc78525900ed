#include "agents/support/type_queue.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace rebus {
namespace {

// One more than processors: each takes its time to begin with a file.
size_t most_workers() { return std::clamp(std::thread::hardware_concurrency() + 1, 2U, 5U); }

// Some times what one costs that is started, reads libmagic's rules and learns to choose among them.
constexpr std::chrono::milliseconds kWorthAnother{100};

// For answers, because all workers of this thread had enough to do.
std::chrono::steady_clock::duration& waited() {
  static thread_local std::chrono::steady_clock::duration time{};
  return time;
}

}  // namespace

TypeQueue::~TypeQueue() { give_back_workers(); }

Result<void> TypeQueue::ask(Value value, Then then) {
  while (true) {
    auto worker = worker_for(value);
    if (!worker) return worker.error();
    if (*worker != nullptr) {
      (*worker)->begin(std::move(value));
      asked_.push_back({std::move(then), *worker});
      return {};
    }
    const auto since = std::chrono::steady_clock::now();
    auto done = finish_first();
    if (!done) return done;
    waited() += std::chrono::steady_clock::now() - since;
  }
}

Result<void> TypeQueue::finish() {
  while (!asked_.empty()) {
    auto done = finish_first();
    if (!done) return done;
  }
  give_back_workers();
  return {};
}

// The first that can: whoever keeps up needs no other.
Result<TypeWorker*> TypeQueue::worker_for(const Value& value) {
  for (const auto& worker : workers_) {
    if (worker->can_take(value)) return worker.get();
  }
  if (!may_take_another()) return nullptr;
  auto worker = TypeWorker::take();
  if (!worker) return worker.error();
  workers_.push_back(*std::move(worker));
  return workers_.back().get();
}

// One that has to be started pays when others were waited for so long.
bool TypeQueue::may_take_another() const {
  static const size_t kMost = most_workers();
  if (workers_.empty() || (workers_.size() < kMost && TypeWorker::is_any_idle())) return true;
  if (workers_.size() == kMost || waited() < kWorthAnother) return false;
  waited() = {};
  return true;
}

Result<void> TypeQueue::finish_first() {
  Asked first = std::move(asked_.front());
  asked_.pop_front();
  auto done = first.then(first.worker->end());
  if (!done) asked_.clear();
  return done;
}

// Who owes an answer ends.
void TypeQueue::give_back_workers() {
  for (auto& worker : workers_) {
    if (worker->under_way() == 0) TypeWorker::give_back(std::move(worker));
  }
  workers_.clear();
}

}  // namespace rebus
