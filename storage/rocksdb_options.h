// How RocksDB is set up: never to open with less than was stored, and to stay small.
#pragma once

#include <rocksdb/db.h>

#include <vector>

#include "storage/rocksdb_table.h"

namespace rebus {

rocksdb::DBOptions database_options(const RocksdbOptions& options);
// index ("default"), log, values: in this order.
std::vector<rocksdb::ColumnFamilyDescriptor> column_options();

}  // namespace rebus
