// Walking a directory: every regular file below it, nothing followed, nothing that could block.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "agents/support/input_file.h"

namespace rebus {

// What a walk left out, by sort.
using SkippedSorts = std::map<FileSort, uint64_t>;

class FileWalk {
 public:
  // `name` of what was found begins with the name given to walk().
  using Use = std::function<Result<void>(InputFile& file, const std::string& name)>;
  // A file or directory that cannot be read; the walk goes on.
  using Complain = std::function<void(const std::string& name, const Error& error)>;
  // A directory that is about to be listed, that of walk() too; false leaves it out.
  using Enter = std::function<bool(const InputFile& directory, const std::string& name)>;
  FileWalk(Use use, Complain complain, Enter enter = {})
      : use_(std::move(use)), complain_(std::move(complain)), enter_(std::move(enter)) {}

  // Stops with the first Error of `use`. The order is that of the file system: names are not collected, so
  // memory does not grow with them.
  Result<void> walk(const InputFile& directory, const std::string& name);

  const SkippedSorts& skipped() const { return skipped_; }

 private:
  Result<void> visit(int directory, const std::string& entry, const std::string& name);

  Use use_;
  Complain complain_;
  Enter enter_;
  SkippedSorts skipped_;
};

}  // namespace rebus
