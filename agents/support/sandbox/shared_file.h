// SharedFile: a file in memory that is written here, and that a worker can only read.
#pragma once

#include <cstdint>

#include "descriptor/file_handle.h"
#include "descriptor/value.h"

namespace rebus {

class SharedFile {
 public:
  // `name`: for whoever lists the open files of a process. kUnavailable: there is no memory.
  static Result<SharedFile> make(const char* name);
  // To be handed to the worker.
  int readable() const { return readable_.get(); }

  // For what is trusted to write it in place of fill().
  int writable() const { return own_.get(); }

  // Instead of what was in it, the whole value; or its first and last `edge` bytes, and a hole between.
  // Errors of reading the value as they are.
  Result<void> fill(const Value& value) { return fill_edges(value, value.size()); }
  Result<void> fill_edges(const Value& value, uint64_t edge);
  // Or at most `most` of its bytes, from `offset` on.
  Result<void> fill_part(const Value& value, uint64_t offset, uint64_t most);

 private:
  SharedFile(FileHandle own, FileHandle readable) : own_(std::move(own)), readable_(std::move(readable)) {}
  Result<void> copy(const Value& value, uint64_t from, uint64_t upto, uint64_t to);
  Result<void> put(uint64_t offset, Bytes bytes);

  FileHandle own_, readable_;
};

}  // namespace rebus
