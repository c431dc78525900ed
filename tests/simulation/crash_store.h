// CrashStore: the storage over a table in memory that can lose what was written last, as a power cut does.
#pragma once

#include <memory>
#include <random>

#include "storage/ram_table.h"
#include "storage/table_storage.h"

namespace rebus::simulation {

// Remembers how to take back what was written since the last sync().
class CrashTable final : public Table {
 public:
  // So many of the last batches are gone, or all that can be.
  void lose(size_t batches);
  size_t unsynced() const { return undo_.size(); }

  Result<std::optional<std::string>> get(Family family, std::string_view key) const override {
    return inner_.get(family, key);
  }
  std::unique_ptr<TableIterator> iterate(Family family) const override { return inner_.iterate(family); }
  Result<void> write(Batch batch) override;
  Result<void> sync() override;
  void reclaim() override {}
  const std::string& place() const override { return inner_.place(); }

 private:
  RamTable inner_;
  std::vector<Batch> undo_;  // per batch that was written
};

class CrashStore {
 public:
  CrashStore();
  Storage& operator*() { return *storage_; }
  Storage* operator->() { return storage_.get(); }
  // Of what was applied since the last commit some is gone: the end of it, as of a log.
  void crash(std::mt19937_64& random);

 private:
  void open();

  std::shared_ptr<CrashTable> table_ = std::make_shared<CrashTable>();
  std::unique_ptr<TableStorage> storage_;
};

}  // namespace rebus::simulation
