#include "storage/rocksdb_storage.h"

#include <filesystem>

#include "storage/disk_values.h"
#include "storage/keys.h"
#include "storage/rocksdb_table.h"
#include "storage/store_directory.h"
#include "storage/table_storage.h"

namespace rebus {
namespace {

Result<void> remove_unfinished(const std::string& database) {
  std::error_code failed;
  std::filesystem::remove_all(database, failed);
  if (failed) return Error{Code::kStorage, "removing the unfinished " + database + ": " + failed.message()};
  return {};
}

// Gives the bus name of the new database, which is closed again.
Result<std::string> prepare_database(const StoreDirectory& directory, rocksdb::Env* env) {
  auto table = RocksdbTable::open({directory.new_database(), directory.path(), true, env});
  if (!table) return table.error();
  auto created = create_store(**table);
  if (!created) return created.error();
  auto bus = (*table)->get(Family::kSystem, kBusKey);
  if (!bus) return bus.error();
  return bus->value();
}

// Killed anywhere in here, the next opening begins again.
Result<void> create(StoreDirectory& directory, rocksdb::Env* env) {
  auto done = remove_unfinished(directory.new_database());
  if (done) done = ValueDirectory(directory.values()).create();
  if (!done) return done;
  auto bus = prepare_database(directory, env);
  return bus ? directory.complete(*bus) : bus.error();
}

}  // namespace

Result<std::unique_ptr<Storage>> open_rocksdb_storage(const std::string& path, rocksdb::Env* env,
                                                      bool keeps_ballast) {
  auto claimed = StoreDirectory::claim(path, keeps_ballast);
  if (!claimed) return claimed.error();
  std::unique_ptr<StoreDirectory> directory = *std::move(claimed);
  auto complete = directory->is_complete();
  if (!complete) return complete.error();
  auto done = *complete ? Result<void>() : create(*directory, env);
  if (done) done = directory->read_high_water();
  if (!done) return done.error();
  auto table = RocksdbTable::open({directory->database(), directory->path(), false, env});
  if (!table) return table.error();
  auto values = std::make_unique<DiskValues>(directory->values(), *table, directory->free_space());
  auto storage = TableStorage::open(*std::move(table), std::move(values), std::move(directory));
  if (!storage) return storage.error();
  return std::unique_ptr<Storage>(*std::move(storage));
}

}  // namespace rebus
