#include "storage/transaction.h"

namespace rebus {
namespace {

// Only these are read while a batch is made; remembering every key would cost more than all else here.
bool is_read_back(Family family) {
  switch (family) {
    case Family::kLog:
    case Family::kStored:
    case Family::kFile:
    case Family::kIdentity:
    case Family::kVersion:
    case Family::kLabel:
    case Family::kSubmission:
    case Family::kType:
      return true;
    default:
      return false;
  }
}

std::string written_key(Family family, const std::string& key) { return static_cast<char>(family) + key; }

}  // namespace

void Transaction::put(Family family, std::string key, std::string value) {
  batch_.push_back({family, false, std::move(key), std::move(value), {}});
  if (is_read_back(family)) written_[written_key(family, batch_.back().key)] = &batch_.back();
}

void Transaction::put_borrowed(Family family, std::string key, std::string_view bytes) {
  assert(!is_read_back(family));
  batch_.push_back({family, false, std::move(key), {}, bytes});
}

void Transaction::remove(Family family, std::string key) {
  batch_.push_back({family, true, std::move(key), {}, {}});
  if (is_read_back(family)) written_[written_key(family, batch_.back().key)] = &batch_.back();
}

Result<std::optional<std::string>> Transaction::get(Family family, const std::string& key) const {
  assert(is_read_back(family));
  auto found = written_.find(written_key(family, key));
  if (found != written_.end()) {
    return found->second->removes ? std::nullopt : std::optional(found->second->owned);
  }
  return table_.get(family, key);
}

}  // namespace rebus
