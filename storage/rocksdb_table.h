// RocksdbTable: the engine on disk.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "storage/table.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Env;
}  // namespace rocksdb

namespace rebus {

struct RocksdbOptions {
  std::string directory;
  std::string place;            // for messages: the store's directory
  bool is_new = false;          // else it must exist
  rocksdb::Env* env = nullptr;  // null: the machine's; tests put a failing one here
};

class RocksdbTable final : public Table {
 public:
  static Result<std::shared_ptr<RocksdbTable>> open(const RocksdbOptions& options);
  ~RocksdbTable() override;

  Result<std::optional<std::string>> get(Family family, std::string_view key) const override;
  std::unique_ptr<TableIterator> iterate(Family family) const override;
  Result<void> write(Batch batch) override;
  Result<void> sync() override;
  void reclaim() override;
  const std::string& place() const override { return place_; }

 private:
  explicit RocksdbTable(std::string place);
  void compact();
  bool has_room_to_move() const;
  rocksdb::ColumnFamilyHandle* column(Family family) const;

  std::string place_;
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, 3> columns_{};  // index, log, values
  // Compacts while `wanted_`; ends by `is_closing_`.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::thread compactor_;
  bool is_wanted_ = false, is_compacting_ = false;
  std::atomic<bool> is_closing_{false};
};

}  // namespace rebus
