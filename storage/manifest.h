// Manifest: how much of RocksDB's list of its own files is known to be on the disk. RocksDB takes a list that
// was cut short for one whose last write was torn, opens, and deletes the data files that are not on it.
#pragma once

#include <cstdint>
#include <string>

#include "descriptor/result.h"

namespace rebus {

struct Manifest {
  std::string name = "none";  // e.g. "MANIFEST-000022"
  uint64_t size = 0;          // bytes
  bool operator==(const Manifest&) const = default;

  // The one in use; its bytes so far are durable afterwards. kStorage, also when it is just being replaced.
  static Result<Manifest> read(const std::string& database);
  // Whether a store that had reached `noted` may be at this one.
  bool continues(const Manifest& noted) const;
  std::string str() const { return name + " " + std::to_string(size); }
};

}  // namespace rebus
