// SealedMemory: a value in a file in memory that nobody can change any more, not even this process. So it can
// be handed to other processes as it is.
#pragma once

#include <optional>

#include "descriptor/file_handle.h"
#include "descriptor/value.h"

namespace rebus {

// Smaller values cost less where they are copied: pages, an open file, and what it takes to make it.
inline constexpr uint64_t kLeastSealed = 32 << 10;  // bytes

// A value as it is written. One thread.
class SealedMemoryWriter {
 public:
  // Nothing if there is no memory, or if this process has as many of its files open for such values as it may
  // (a quarter of RLIMIT_NOFILE, at most 16,384: so many mappings a process can have four times).
  static std::optional<SealedMemoryWriter> make();

  // kStorage: no memory.
  Result<void> append(Bytes bytes);
  // To read what was written.
  int file() const { return file_.get(); }
  // Nobody writes any more.
  Result<std::shared_ptr<const ValueSource>> seal() &&;

 private:
  // One of the files that this process may have open.
  struct Place {
    Place();
    ~Place();
    Place(Place&& other) noexcept : is_taken(std::exchange(other.is_taken, false)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(is_taken, other.is_taken);
      return *this;
    }
    bool is_taken;
  };
  class Source;

  SealedMemoryWriter(Place place, FileHandle file) : place_(std::move(place)), file_(std::move(file)) {}

  Place place_;
  FileHandle file_;
  uint64_t size_ = 0;
};

}  // namespace rebus
