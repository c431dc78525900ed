#include "agents/support/target_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <vector>

#include "agents/support/file_name.h"
#include "descriptor/descriptor.h"
#include "descriptor/escape.h"
#include "descriptor/spool.h"

namespace rebus {
namespace {

constexpr size_t kShortId = 8;  // hex digits

Error failed(const std::string& path, int error) {
  return {Code::kStorage, "cannot write " + escape(path) + ": " + std::strerror(error)};
}

Result<Digest> digest_of_file(int fd) {
  Sha256 hash;
  std::vector<uint8_t> buffer(256 << 10);
  for (ssize_t size = 0; (size = read(fd, buffer.data(), buffer.size())) != 0;) {
    if (size < 0) return Error{Code::kStorage, std::strerror(errno)};
    hash.update(Bytes(buffer).first(static_cast<size_t>(size)));
  }
  return hash.finish();
}

}  // namespace

Result<TargetFolder> TargetFolder::open(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  FileHandle handle(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (handle.get() < 0) return failed(path, errno);
  return TargetFolder(std::move(handle), path);
}

Result<TargetFolder> TargetFolder::inside(const std::string& name) const {
  if (mkdirat(handle_.get(), name.c_str(), 0777) != 0 && errno != EEXIST) return failure(name);
  FileHandle handle(openat(handle_.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (handle.get() < 0) return failure(name);
  return TargetFolder(std::move(handle), path_ + "/" + name);
}

Result<std::string> TargetFolder::place(const std::string& name, const std::string& id,
                                        const Value& value) const {
  for (const std::string& suffix : {std::string(), "~" + id.substr(0, kShortId), "~" + id}) {
    std::string file = fitted(name, suffix);
    auto found = look(file, value);
    if (!found) return found.error();
    if (*found == Found::kNothing) {
      auto written = write(file, value);
      if (!written) return written.error();
      if (*written) return path_ + "/" + file;
      found = look(file, value);  // somebody else was faster
      if (!found) return found.error();
    }
    if (*found == Found::kSame) return path_ + "/" + file;
  }
  return Error{Code::kStorage, escape(path_) + " holds other files under every name that " + escape(name) +
                                   " (" + id + ") could have: move them away"};
}

Result<TargetFolder::Found> TargetFolder::look(const std::string& name, const Value& value) const {
  FileHandle file(openat(handle_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (file.get() < 0 && errno == ENOENT) return Found::kNothing;
  bool is_strange = file.get() < 0 && (errno == ELOOP || errno == EACCES || errno == ENXIO);
  if (is_strange) return Found::kOther;
  struct stat status {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0) return failure(name);
  if (!S_ISREG(status.st_mode) || static_cast<uint64_t>(status.st_size) != value.size()) return Found::kOther;
  auto digest = digest_of_file(file.get());
  if (!digest) return failure(name);
  return *digest == value.digest() ? Found::kSame : Found::kOther;
}

// False: there is a file of that name by now.
Result<bool> TargetFolder::write(const std::string& name, const Value& value) const {
  std::string temporary = ".rebus-" + to_hex(as_bytes(random_salt()));
  auto filled = fill(temporary, value);
  auto named = filled ? give_name(temporary, name) : Result<bool>(filled.error());
  bool is_left = !named || !*named;
  if (is_left) unlinkat(handle_.get(), temporary.c_str(), 0);
  return named;
}

Result<void> TargetFolder::fill(const std::string& temporary, const Value& value) const {
  int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  FileHandle file(openat(handle_.get(), temporary.c_str(), flags, 0666));
  if (file.get() < 0) return failure(temporary);
  std::string what = "writing " + escape(path_ + "/" + temporary);
  return value.for_each_chunk(
      [&](Bytes chunk) -> Result<void> { return write_all(file.get(), chunk, what.c_str()); });
}

// Never over another file.
Result<bool> TargetFolder::give_name(const std::string& temporary, const std::string& name) const {
  int folder = handle_.get();
  int failed = renameat2(folder, temporary.c_str(), folder, name.c_str(), RENAME_NOREPLACE);
  if (failed != 0 && errno == EINVAL) {  // a file system, as NFS, that knows only how to replace
    failed = linkat(folder, temporary.c_str(), folder, name.c_str(), 0);
    if (failed == 0) unlinkat(folder, temporary.c_str(), 0);
  }
  if (failed == 0) return true;
  return errno == EEXIST ? Result<bool>(false) : failure(name);
}

Error TargetFolder::failure(const std::string& name) const { return failed(path_ + "/" + name, errno); }

}  // namespace rebus
