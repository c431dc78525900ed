#include "storage/free_space.h"

#include <sys/statvfs.h>

#include "storage/file.h"

namespace rebus {

Result<void> FreeSpace::check() const {
  struct statvfs status {};
  if (statvfs(path_.c_str(), &status) != 0) return file_error("asking for the free space of", path_);
  uint64_t free = uint64_t{status.f_bavail} * status.f_frsize;
  if (free >= reserve_) return {};
  return Error{Code::kStorage, "the disk of " + path_ + " is nearly full: " + std::to_string(free >> 20) +
                                   " MiB are free, " + std::to_string(reserve_ >> 20) + " MiB must stay so"};
}

}  // namespace rebus
