// IpcPlace: the place of an ipc socket in the file system, held by one master at a time.
#pragma once

#include <string>
#include <utility>

#include "descriptor/result.h"

namespace rebus {

// Makes the directory (0700) if it is missing, locks "PATH.lock" and removes the socket of a master that
// died. ZeroMQ alone would take the path away from a master that listens there.
class IpcPlace {
 public:
  // kUnavailable if somebody listens there already, or the directory is not to be trusted.
  static Result<IpcPlace> take(const std::string& path);
  IpcPlace(IpcPlace&& other) noexcept;
  IpcPlace& operator=(IpcPlace&&) = delete;
  ~IpcPlace();

 private:
  IpcPlace(std::string path, int lock_fd) : path_(std::move(path)), lock_fd_(lock_fd) {}

  std::string path_;
  int lock_fd_;
};

}  // namespace rebus
