#include "storage/storage.h"

#include "storage/memory_share.h"
#include "storage/ram_table.h"
#include "storage/ram_values.h"
#include "storage/rocksdb_storage.h"
#include "storage/table_storage.h"

namespace rebus {

LogEntry entry_of(const Record& record) {
  const Descriptor& d = record.descriptor;
  return {record.seq, false, d.domain, d.selector.path(), d.is_object()};
}
namespace {

Result<std::unique_ptr<Storage>> open_ram() {
  auto table = std::make_shared<RamTable>();
  auto created = create_store(*table);
  if (!created) return created.error();
  auto storage = TableStorage::open(std::move(table), std::make_unique<RamValues>(memory_share()));
  if (!storage) return storage.error();
  return std::unique_ptr<Storage>(*std::move(storage));
}

}  // namespace

Result<std::unique_ptr<Storage>> open_storage(const StorageOptions& options) {
  if (options.kind == "ram") return open_ram();
  if (options.kind == "rocksdb") {
    return open_rocksdb_storage(options.path, nullptr, options.keeps_ballast);
  }
  return Error{Code::kInvalid, "no storage '" + options.kind + "': ram or rocksdb"};
}

}  // namespace rebus
