// PrivateFolder: a folder for the temporary files of hostile ones, where the kernel gives no memory of its
// own for that.
#pragma once

#include <string>

#include "descriptor/file_handle.h"
#include "descriptor/result.h"

namespace rebus {

// In $TMPDIR, else /tmp, for nobody but its user (of root: for nobody, 65534). Removed with all that is in it
// by whoever made it; if that one was killed, by the next of this user that calls remove_left_over(): a
// folder that is in use is locked.
class PrivateFolder {
 public:
  static Result<PrivateFolder> make();
  ~PrivateFolder();
  PrivateFolder(PrivateFolder&&) = default;
  PrivateFolder& operator=(PrivateFolder&&) = delete;
  const std::string& path() const { return path_; }

  static void remove_left_over();

 private:
  PrivateFolder(std::string path, FileHandle lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::string path_;
  FileHandle lock_;  // moved from: -1
};

}  // namespace rebus
