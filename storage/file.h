// File: an open file that knows its name, so that every error tells it. And the other calls the store makes
// on files; all errors are kStorage.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "descriptor/digest.h"

namespace rebus {

// "<action> <path>: <reason from errno>".
Error file_error(const std::string& action, const std::string& path);

class File {
 public:
  static Result<File> create(const std::string& path);     // must not exist; 0600
  static Result<File> open(const std::string& path);       // for reading
  static Result<File> directory(const std::string& path);  // not through a symbolic link
  ~File();
  File(File&& other) noexcept : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&&) = delete;

  // Fewer bytes than asked only at the end.
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> buffer) const;
  Result<void> append(Bytes bytes);
  // The bytes so far are on the disk afterwards (of a directory: its names).
  Result<void> sync();
  Result<uint64_t> size() const;
  const std::string& path() const { return path_; }
  int fd() const { return fd_; }

 private:
  File(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  static Result<File> open_as(const std::string& path, int flags);

  std::string path_;
  int fd_;
};

// False only if it certainly is not there.
bool file_exists(const std::string& path);
Result<void> make_directory(const std::string& path);  // 0700; may exist already
Result<void> sync_directory(const std::string& path);
Result<void> move_file(const std::string& from, const std::string& to);
Result<void> remove_file(const std::string& path);
// Names in a directory, sorted, without "." and "..". All of them or an error.
Result<std::vector<std::string>> list_directory(const std::string& path);
// At most `limit` bytes; nullopt if there is no such file.
Result<std::optional<std::string>> read_small_file(const std::string& path, size_t limit);
// Whoever opens `path` afterwards finds the old or the new contents, whole, also after power loss.
Result<void> replace_file(const std::string& path, std::string_view contents);

}  // namespace rebus
