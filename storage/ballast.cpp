#include "storage/ballast.h"

#include <fcntl.h>

#include "storage/file.h"

namespace rebus {

Ballast::Ballast(const std::string& directory)
    : path_(directory + "/ballast"), is_there_(file_exists(path_)) {}

// fallocate() and not its emulation in the C library, which would write all of it.
void Ballast::take() {
  if (is_there_ || !is_possible_) return;
  auto file = File::create(path_);
  if (!file) return;
  is_there_ = fallocate(file->fd(), 0, 0, kSize) == 0;
  is_possible_ = is_there_;
  if (!is_there_) (void)remove_file(path_);
}

bool Ballast::release() {
  if (!is_there_) return false;
  is_there_ = false;
  return remove_file(path_).ok();
}

}  // namespace rebus
