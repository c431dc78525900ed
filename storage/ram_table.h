// RamTable: the engine that forgets at the end of the process.
#pragma once

#include <array>
#include <functional>
#include <map>

#include "storage/table.h"

namespace rebus {

class RamTable final : public Table {
 public:
  using Map = std::map<std::string, std::string, std::less<>>;

  Result<std::optional<std::string>> get(Family family, std::string_view key) const override;
  std::unique_ptr<TableIterator> iterate(Family family) const override;
  Result<void> write(Batch batch) override;
  void reclaim() override {}
  Result<void> sync() override { return {}; }
  const std::string& place() const override { return place_; }

 private:
  void apply(Operation& operation);

  std::string place_ = "memory";
  std::array<Map, kFamilies> maps_;
};

}  // namespace rebus
