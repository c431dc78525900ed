// TargetFolder: a folder into which values are written under names that others chose.
#pragma once

#include <string>

#include "descriptor/file_handle.h"
#include "descriptor/value.h"

namespace rebus {

// Nothing is overwritten, no symbolic link followed, and nothing written outside of it. Errors are kStorage:
// the folder cannot be written, or not now.
class TargetFolder {
 public:
  // Made if it is missing, with the folders above it.
  static Result<TargetFolder> open(const std::string& path);
  // A folder in it, made if it is missing. `name`: one component, not hostile.
  Result<TargetFolder> inside(const std::string& name) const;

  // Writes the value as a file and gives its path. `name`: of file_name_of(). A file of that name with the
  // same bytes is left as it is; if its bytes differ, a part of `id` is added to the name. A file appears
  // under its name when it is whole.
  Result<std::string> place(const std::string& name, const std::string& id, const Value& value) const;

 private:
  enum class Found { kNothing, kSame, kOther };

  TargetFolder(FileHandle handle, std::string path) : handle_(std::move(handle)), path_(std::move(path)) {}
  Result<Found> look(const std::string& name, const Value& value) const;
  Result<bool> write(const std::string& name, const Value& value) const;
  Result<void> fill(const std::string& temporary, const Value& value) const;
  Result<bool> give_name(const std::string& temporary, const std::string& name) const;
  Error failure(const std::string& name) const;

  FileHandle handle_;
  std::string path_;
};

}  // namespace rebus
