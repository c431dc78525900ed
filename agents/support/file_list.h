// FileList: names of files, read one by one from a list with NUL bytes between them.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "descriptor/result.h"

namespace rebus {

// What `find -print0` writes. Holds one name at a time.
class FileList {
 public:
  // "-" is standard input. kUnreadable.
  static Result<FileList> open(const std::string& path);
  // The next name that is not empty; nothing at the end.
  std::optional<std::string> next();
  // Whoever writes the list has nothing more for now.
  bool is_waiting() const;

 private:
  struct Close {
    void operator()(FILE* file) const;
  };
  explicit FileList(FILE* file) : file_(file) {}

  std::unique_ptr<FILE, Close> file_;
};

}  // namespace rebus
