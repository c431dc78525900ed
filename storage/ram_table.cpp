#include "storage/ram_table.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace rebus {
namespace {

class RamIterator final : public TableIterator {
 public:
  explicit RamIterator(const RamTable::Map& map) : map_(map), at_(map.end()) {}
  void seek(std::string_view key) override { at_ = map_.lower_bound(RamTable::Sought(key)); }
  void seek_back(std::string_view key) override {
    at_ = map_.upper_bound(RamTable::Sought(key));
    previous();
  }
  void next() override { ++at_; }
  void previous() override { at_ = at_ == map_.begin() ? map_.end() : std::prev(at_); }
  bool valid() const override { return at_ != map_.end(); }
  std::string_view key() const override { return at_->first.bytes; }
  std::string_view value() const override { return at_->second; }
  Result<void> status() const override { return {}; }

 private:
  const RamTable::Map& map_;
  RamTable::Map::const_iterator at_;
};

}  // namespace

uint64_t RamTable::begin_of(std::string_view text) {
  std::array<char, sizeof(uint64_t)> bytes{};
  std::copy_n(text.begin(), std::min(text.size(), bytes.size()), bytes.begin());
  uint64_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  return std::endian::native == std::endian::little ? __builtin_bswap64(number) : number;
}

Result<std::optional<std::string>> RamTable::get(Family family, std::string_view key) const {
  const Map& map = maps_[static_cast<size_t>(family)];
  auto found = map.find(Sought(key));
  return found == map.end() ? std::nullopt : std::optional(found->second);
}

std::unique_ptr<TableIterator> RamTable::iterate(Family family) const {
  return std::make_unique<RamIterator>(maps_[static_cast<size_t>(family)]);
}

Result<void> RamTable::write(Batch batch) {
  for (Operation& operation : batch) apply(operation);
  return {};
}

void RamTable::apply(Operation& operation) {
  Map& map = maps_[static_cast<size_t>(operation.family)];
  if (operation.removes) {
    if (auto found = map.find(Sought(operation.key)); found != map.end()) map.erase(found);
    return;
  }
  if (!operation.borrowed.empty()) operation.owned = operation.borrowed;
  // Most families grow at their end; the hint makes that cheap and costs the others one comparison.
  map.insert_or_assign(map.end(), Begun(std::move(operation.key)), std::move(operation.owned));
}

}  // namespace rebus
