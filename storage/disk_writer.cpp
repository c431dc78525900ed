#include "storage/disk_writer.h"

#include "descriptor/crash_point.h"
#include "storage/disk_values.h"
#include "storage/value_source.h"

namespace rebus {

DiskWriter::DiskWriter(std::shared_ptr<const ValueDirectory> directory, FreeSpace space)
    : directory_(std::move(directory)), space_(std::move(space)) {}

Result<void> DiskWriter::append(Bytes bytes) {
  hash_.update(bytes);
  size_ += bytes.size();
  if (pending_ != nullptr) return append_to_file(bytes);
  memory_ += as_text(bytes);
  return size_ > kMaxTableValue ? move_to_file() : Result<void>();
}

Result<void> DiskWriter::move_to_file() {
  auto pending = directory_->create_pending();
  if (!pending) return pending.error();
  pending_ = *std::move(pending);
  std::string bytes = std::exchange(memory_, {});
  return append_to_file(as_bytes(bytes));
}

Result<void> DiskWriter::append_to_file(Bytes bytes) const {
  auto done = space_.check();
  return done ? pending_->append(bytes) : done;
}

Result<Value> DiskWriter::seal() {
  Digest digest = hash_.finish();
  if (pending_ == nullptr) return Value(memory_source(std::move(memory_)), size_, digest);
  crash_point("value-file-written");
  auto synced = pending_->sync();
  if (!synced) return synced.error();
  return Value(std::move(pending_), size_, digest);
}

}  // namespace rebus
