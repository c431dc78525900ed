// WakeEvent: has a poll return.
#pragma once

#include <sys/eventfd.h>

#include "descriptor/file_handle.h"

namespace rebus {

// Thread-safe.
class WakeEvent {
 public:
  WakeEvent() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  // Readable from set() until clear().
  int fd() const { return fd_.get(); }
  void set() { eventfd_write(fd_.get(), 1); }
  void clear() {
    eventfd_t count = 0;
    eventfd_read(fd_.get(), &count);
  }

 private:
  FileHandle fd_;
};

}  // namespace rebus
