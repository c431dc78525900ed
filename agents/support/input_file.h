// InputFile: a file of this host, opened with care and read once.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "descriptor/value.h"

namespace rebus {

// What a name turned out to be.
enum class FileSort { kRegular, kDirectory, kSymlink, kFifo, kSocket, kDevice };
const char* file_sort_name(FileSort sort);
FileSort file_sort(unsigned mode);  // st_mode

// kUnreadable with the words for `error` (an errno).
Error unreadable(int error);

// Owns an open descriptor. Opening never blocks: neither on a pipe without a writer nor on a device.
class InputFile {
 public:
  enum class Links { kFollow, kRefuse };
  // `name` relative to the directory `at` (AT_FDCWD: where the program stands). kUnreadable says why not.
  static Result<InputFile> open(int at, const std::string& name, Links links, bool devices);
  static InputFile standard_input();

  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&&) = delete;
  ~InputFile();

  FileSort sort() const { return sort_; }
  int descriptor() const { return fd_; }
  // Size in bytes and times of the last changes: another one when the file was written.
  struct Version {
    int64_t size = 0, written_s = 0, written_ns = 0, changed_s = 0, changed_ns = 0;
    bool operator==(const Version&) const = default;
  };
  Version version() const;
  // Copies everything up to the end into `writer`; a file that changes meanwhile is what was read of it.
  // While it waits for a pipe it asks `cancelled` from time to time (kStopped). kUnreadable, or what the
  // writer gave.
  Result<void> read_into(ValueWriter& writer, const std::function<bool()>& cancelled);

 private:
  InputFile(int fd, FileSort sort, bool owned) : fd_(fd), sort_(sort), owned_(owned) {}

  int fd_;
  FileSort sort_;
  bool owned_;
};

}  // namespace rebus
