#include "agents/support/type_queue.h"

#include <algorithm>
#include <thread>

namespace rebus {
namespace {

size_t most_asked() { return std::clamp(std::thread::hardware_concurrency() + 1, 2U, 5U); }

}  // namespace

Result<void> TypeQueue::ask(Value value, Then then) {
  static const size_t kMost = most_asked();
  if (asked_.size() == kMost) {
    auto done = finish_first();
    if (!done) return done;
  }
  auto worker = TypeWorker::take();
  if (!worker) return worker.error();
  (*worker)->begin(value);
  asked_.push_back({std::move(value), std::move(then), *std::move(worker)});
  return {};
}

Result<void> TypeQueue::finish() {
  while (!asked_.empty()) {
    auto done = finish_first();
    if (!done) return done;
  }
  return {};
}

Result<void> TypeQueue::finish_first() {
  Asked first = std::move(asked_.front());
  asked_.pop_front();
  auto type = first.worker->end(first.value);
  TypeWorker::give_back(std::move(first.worker));
  auto done = first.then(std::move(type));
  if (!done) asked_.clear();
  return done;
}

}  // namespace rebus
