// Opens and makes stores on disk.
#pragma once

#include "storage/storage.h"

namespace rocksdb {
class Env;
}

namespace rebus {

// `env` null: the machine's own; tests put a failing one here. `keeps_ballast`: as in StorageOptions.
Result<std::unique_ptr<Storage>> open_rocksdb_storage(const std::string& path, rocksdb::Env* env = nullptr,
                                                      bool keeps_ballast = false);

}  // namespace rebus
