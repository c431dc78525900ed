// DiskWriter: takes the bytes of a new value; in memory while it is small, else in a pending file.
#pragma once

#include "descriptor/background_hash.h"
#include "storage/free_space.h"
#include "storage/value_directory.h"

namespace rebus {

class DiskWriter final : public ValueWriter {
 public:
  DiskWriter(std::shared_ptr<const ValueDirectory> directory, FreeSpace space);
  Result<void> append(Bytes bytes) override;
  uint64_t size() const override { return size_; }
  // A large value is on the disk afterwards, but for its name.
  Result<Value> seal() override;

 private:
  Result<void> append_to_file(Bytes bytes) const;
  Result<void> move_to_file();

  std::shared_ptr<const ValueDirectory> directory_;
  FreeSpace space_;
  BackgroundHash hash_;
  uint64_t size_ = 0;
  std::string memory_;
  std::shared_ptr<PendingFile> pending_;  // null while the value is small
};

}  // namespace rebus
