// FreeSpace: refuses writes before the disk is full. A database that meets a full disk half-way through a
// file is worse off than one that was told to wait: Debian's RocksDB aborts, and aborts again when it is
// opened.
#pragma once

#include <string>

#include "descriptor/result.h"

namespace rebus {

// Thread-safe: it only asks.
class FreeSpace {
 public:
  // `reserve`: bytes that must stay free.
  FreeSpace(std::string path, uint64_t reserve) : path_(std::move(path)), reserve_(reserve) {}
  // kStorage when less than the reserve is left.
  Result<void> check() const;

 private:
  std::string path_;
  uint64_t reserve_;
};

}  // namespace rebus
