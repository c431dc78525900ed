#include "tests/simulation/crash_storage.h"

#include <cstdlib>
#include <iterator>

namespace rebus::simulation {
namespace {

std::unique_ptr<Storage> fresh() {
  auto storage = open_storage({"ram", ""});
  if (!storage) std::abort();
  return *std::move(storage);
}

}  // namespace

CrashStorage::CrashStorage() : inner_(fresh()) {}

void CrashStorage::crash() {
  inner_ = fresh();
  pending_.clear();
  epoch_++;
  for (const Changes& changes : committed_) {
    if (!inner_->apply(changes)) std::abort();
  }
}

Result<void> CrashStorage::apply(const Changes& changes) {
  auto applied = inner_->apply(changes);
  if (applied) pending_.push_back(changes);
  return applied;
}

Result<void> CrashStorage::commit() {
  std::move(pending_.begin(), pending_.end(), std::back_inserter(committed_));
  pending_.clear();
  return inner_->commit();
}

}  // namespace rebus::simulation
