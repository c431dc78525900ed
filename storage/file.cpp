#include "storage/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include "descriptor/crash_point.h"
#include "descriptor/spool.h"

namespace rebus {

Error file_error(const std::string& action, const std::string& path) {
  return {Code::kStorage, action + " " + path + ": " + std::generic_category().message(errno)};
}

Result<File> File::open_as(const std::string& path, int flags) {
  int fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return file_error("opening", path);
  return File(path, fd);
}

Result<File> File::create(const std::string& path) { return open_as(path, O_RDWR | O_CREAT | O_EXCL); }
Result<File> File::open(const std::string& path) { return open_as(path, O_RDONLY); }
Result<File> File::directory(const std::string& path) { return open_as(path, O_RDONLY | O_DIRECTORY); }

File::~File() {
  if (fd_ >= 0) close(fd_);
}

Result<size_t> File::read_at(uint64_t offset, std::span<uint8_t> buffer) const {
  size_t done = 0;
  while (done < buffer.size()) {
    ssize_t count = pread(fd_, buffer.data() + done, buffer.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_error("reading", path_);
    if (count == 0) break;
    done += static_cast<size_t>(count);
  }
  return done;
}

Result<void> File::append(Bytes bytes) { return write_all(fd_, bytes, ("writing " + path_).c_str()); }

Result<void> File::sync() {
  if (fdatasync(fd_) != 0) return file_error("syncing", path_);
  return {};
}

Result<uint64_t> File::size() const {
  struct stat status {};
  if (fstat(fd_, &status) != 0) return file_error("asking for the size of", path_);
  return static_cast<uint64_t>(status.st_size);
}

bool file_exists(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0 || errno != ENOENT;
}

Result<void> make_directory(const std::string& path) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return file_error("making", path);
  return {};
}

Result<void> sync_directory(const std::string& path) {
  auto directory = File::directory(path);
  if (!directory) return directory.error();
  if (fsync(directory->fd()) != 0) return file_error("syncing", path);
  return {};
}

Result<void> move_file(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) return file_error("moving " + from + " to", to);
  return {};
}

Result<void> remove_file(const std::string& path) {
  if (unlink(path.c_str()) != 0) return file_error("removing", path);
  return {};
}

Result<std::vector<std::string>> list_directory(const std::string& path) {
  std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(path.c_str()), closedir);
  if (directory == nullptr) return file_error("listing", path);
  std::vector<std::string> names;
  errno = 0;  // readdir tells the end from an error by it
  while (const dirent* entry = readdir(directory.get())) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
    errno = 0;
  }
  if (errno != 0) return file_error("listing", path);
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::optional<std::string>> read_small_file(const std::string& path, size_t limit) {
  if (!file_exists(path)) return std::optional<std::string>();
  auto file = File::open(path);
  if (!file) return file.error();
  std::string contents(limit, '\0');
  auto count = file->read_at(0, {reinterpret_cast<uint8_t*>(contents.data()), contents.size()});
  if (!count) return count.error();
  contents.resize(*count);
  return std::optional(std::move(contents));
}

Result<void> replace_file(const std::string& path, std::string_view contents) {
  std::string temporary = path + ".tmp";
  unlink(temporary.c_str());  // of one that was killed here
  auto file = File::create(temporary);
  if (!file) return file.error();
  auto done = file->append(as_bytes(contents));
  if (done) done = file->sync();
  crash_point("small-file-written");
  return done ? move_file(temporary, path) : done;
}

}  // namespace rebus
