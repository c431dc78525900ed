// DirectWriter: writes the rest of a large file past the page cache, while more of it comes. What goes
// through the cache takes memory from everybody, and time to copy, and its sync takes as long as the disk is
// behind.
#pragma once

#include <memory>

#include "storage/file.h"

namespace rebus {

// One thread; holds at most some 8 MiB. Where the file system knows no such writing, it is synced piece by
// piece.
class DirectWriter {
 public:
  // At this offset, and in multiples of it: what every disk can write past the cache. Bytes.
  static constexpr uint64_t kPiece = 2 << 20;

  // `path` has `size` bytes, a multiple of kPiece, and stays open elsewhere.
  static Result<std::unique_ptr<DirectWriter>> open(const std::string& path, uint64_t size);
  ~DirectWriter();

  // Errors may be those of what was appended before.
  Result<void> append(Bytes bytes);
  // The file has all of it then; not synced. Nothing may be appended any more.
  Result<void> finish();

 private:
  class Disk;
  explicit DirectWriter(std::unique_ptr<Disk> disk);

  std::unique_ptr<Disk> disk_;
};

}  // namespace rebus
