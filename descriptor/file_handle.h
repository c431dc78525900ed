// FileHandle: an open file, pipe or folder, closed with it.
#pragma once

#include <unistd.h>

#include <utility>

namespace rebus {

class FileHandle {
 public:
  explicit FileHandle(int fd) : fd_(fd) {}  // -1: none
  ~FileHandle() { reset(); }
  FileHandle(FileHandle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    reset();
    fd_ = std::exchange(other.fd_, -1);
    return *this;
  }
  int get() const { return fd_; }
  // For whoever closes it from now on.
  int release() { return std::exchange(fd_, -1); }

 private:
  void reset() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  int fd_;
};

}  // namespace rebus
