#include "agents/support/type_queue.h"

#include <algorithm>
#include <thread>

namespace rebus {
namespace {

// One more than processors: each takes its time to begin with a file.
size_t most_workers() { return std::clamp(std::thread::hardware_concurrency() + 1, 2U, 5U); }

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
    auto done = finish_first();
    if (!done) return done;
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

// The first that can: whoever keeps up needs no other, which would have to be started.
Result<TypeWorker*> TypeQueue::worker_for(const Value& value) {
  static const size_t kMost = most_workers();
  for (const auto& worker : workers_) {
    if (worker->can_take(value)) return worker.get();
  }
  if (workers_.size() == kMost) return nullptr;
  auto worker = TypeWorker::take();
  if (!worker) return worker.error();
  workers_.push_back(*std::move(worker));
  return workers_.back().get();
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
