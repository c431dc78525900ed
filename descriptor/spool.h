// Spool: values held in memory up to a limit, those that are worth it sealed, the rest in unlinked temporary
// files.
#pragma once

#include <atomic>

#include "descriptor/value.h"

namespace rebus {

// Bytes that stay in memory before a value goes to a file.
struct SpoolLimits {
  uint64_t per_value = 4 << 20;  // of those whose size nobody told; of others a quarter of:
  uint64_t in_all = 256 << 20;   // living values of this spool together
};

// Thread-safe. Values live on after the spool. Files are made unlinked in $TMPDIR (default /tmp).
class Spool final : public ValueFactory {
 public:
  explicit Spool(SpoolLimits limits = {});
  ~Spool() override;
  std::unique_ptr<ValueWriter> create() override;

  struct Shared;

 private:
  std::shared_ptr<Shared> shared_;
};

// A value over an open file, from its byte 0 on. Takes the descriptor and closes it with the last handle.
Value file_value(int fd, uint64_t size, const Digest& digest);

// As ValueSource::read_at(), of an open file.
Result<size_t> read_file_at(int fd, uint64_t offset, std::span<uint8_t> buffer);

// Writes all of it, retrying interrupted writes. kStorage names the reason.
Result<void> write_all(int fd, Bytes bytes, const char* what);

}  // namespace rebus
