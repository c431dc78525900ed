// TableTrace: a table that notes what is written to it, so that the same can be written again without a
// storage.
#pragma once

#include <variant>
#include <vector>

#include "storage/table.h"

namespace rebus {

class TableTrace final : public Table {
 public:
  explicit TableTrace(std::shared_ptr<Table> table) : table_(std::move(table)) {}

  struct Entry {
    std::string key, value;  // the key begins with the family's number
    bool removes = false;
  };
  struct Sync {};
  using Step = std::variant<std::vector<Entry>, Sync>;
  const std::vector<Step>& steps() const { return steps_; }

  Result<std::optional<std::string>> get(Family family, std::string_view key) const override {
    return table_->get(family, key);
  }
  std::unique_ptr<TableIterator> iterate(Family family) const override { return table_->iterate(family); }
  Result<void> write(Batch batch) override {
    std::vector<Entry> entries;
    for (const Operation& operation : batch) {
      std::string key(1, static_cast<char>(operation.family));
      entries.push_back({key + operation.key, std::string(operation.value()), operation.removes});
    }
    steps_.emplace_back(std::move(entries));
    return table_->write(std::move(batch));
  }
  Result<void> sync() override {
    steps_.emplace_back(Sync{});
    return table_->sync();
  }
  void reclaim() override { table_->reclaim(); }
  const std::string& place() const override { return table_->place(); }

 private:
  std::shared_ptr<Table> table_;
  std::vector<Step> steps_;
};

}  // namespace rebus
