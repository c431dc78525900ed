#include "agents/support/sandbox/shared_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "descriptor/spool.h"

namespace rebus {
namespace {

Error no_memory() {
  return {Code::kUnavailable, std::string("no memory to look at a file: ") + std::strerror(errno)};
}

}  // namespace

// libmagic calls a position-independent program by that name only in an executable file: hence the mode.
Result<SharedFile> SharedFile::make(const char* name) {
  FileHandle own(memfd_create(name, MFD_CLOEXEC));
  if (own.get() < 0 || fchmod(own.get(), 0755) != 0) return no_memory();
  FileHandle readable(open(("/proc/self/fd/" + std::to_string(own.get())).c_str(), O_RDONLY | O_CLOEXEC));
  if (readable.get() < 0) return no_memory();
  return SharedFile(std::move(own), std::move(readable));
}

Result<void> SharedFile::fill_edges(const Value& value, uint64_t edge) {
  if (edge >= value.size() - std::min(edge, value.size())) return fill_part(value, 0, value.size());
  if (ftruncate(own_.get(), 0) != 0) return no_memory();
  auto copied = copy(value, 0, edge, 0);
  return copied ? copy(value, value.size() - edge, value.size(), value.size() - edge) : copied;
}

// Cut afterwards: pages that it has are not given back and taken again.
Result<void> SharedFile::fill_part(const Value& value, uint64_t offset, uint64_t most) {
  offset = std::min(offset, value.size());
  const uint64_t size = std::min(most, value.size() - offset);
  auto copied = copy(value, offset, offset + size, 0);
  if (!copied) return copied;
  return ftruncate(own_.get(), static_cast<off_t>(size)) == 0 ? Result<void>() : no_memory();
}

// What is from one place upto another there, here.
Result<void> SharedFile::copy(const Value& value, uint64_t from, uint64_t upto, uint64_t to) {
  if (auto bytes = value.source().in_memory()) return put(to, bytes->subspan(from, upto - from));
  std::string buffer(std::min<uint64_t>(Value::kChunkSize, upto - from), '\0');
  while (from < upto) {
    size_t want = std::min<uint64_t>(buffer.size(), upto - from);
    auto count = value.read_at(from, {reinterpret_cast<uint8_t*>(buffer.data()), want});
    if (!count) return count.error();
    auto done = put(to, as_bytes(std::string_view(buffer).substr(0, *count)));
    if (!done) return done;
    from += *count;
    to += *count;
  }
  return {};
}

Result<void> SharedFile::put(uint64_t offset, Bytes bytes) {
  if (lseek(own_.get(), static_cast<off_t>(offset), SEEK_SET) < 0) return no_memory();
  return write_all(own_.get(), bytes, "copying a value");
}

}  // namespace rebus
