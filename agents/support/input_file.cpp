#include "agents/support/input_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

namespace rebus {
namespace {

constexpr uint64_t kReadBytes = 256 << 10, kLeastRead = 4 << 10;
constexpr int kCancelCheckMs = 200;

Result<FileSort> sort_at(int at, const std::string& name, int flags) {
  struct stat status {};
  if (fstatat(at, name.c_str(), &status, flags) != 0) return unreadable(errno);
  return file_sort(status.st_mode);
}

Result<void> allow(FileSort sort, bool devices) {
  if (sort == FileSort::kDevice && !devices) {
    return Error{Code::kUnreadable, "is a device; --device reads devices, to their end"};
  }
  if (sort == FileSort::kSocket) return Error{Code::kUnreadable, "is a socket"};
  return {};
}

// Waits until there is something to read or the writers of a pipe are gone.
Result<void> wait_readable(int fd, const std::function<bool()>& cancelled) {
  pollfd wait{fd, POLLIN, 0};
  while (poll(&wait, 1, kCancelCheckMs) <= 0) {
    if (cancelled()) return Error{Code::kStopped, "interrupted while waiting for input"};
  }
  return {};
}

}  // namespace

Error unreadable(int error) { return {Code::kUnreadable, std::generic_category().message(error)}; }

const char* file_sort_name(FileSort sort) {
  switch (sort) {
    case FileSort::kRegular:
      return "regular file";
    case FileSort::kDirectory:
      return "directory";
    case FileSort::kSymlink:
      return "symbolic link";
    case FileSort::kFifo:
      return "pipe";
    case FileSort::kSocket:
      return "socket";
    case FileSort::kDevice:
      return "device";
  }
  return "file";
}

FileSort file_sort(unsigned mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return FileSort::kDirectory;
    case S_IFLNK:
      return FileSort::kSymlink;
    case S_IFIFO:
      return FileSort::kFifo;
    case S_IFSOCK:
      return FileSort::kSocket;
    case S_IFCHR:
    case S_IFBLK:
      return FileSort::kDevice;
    default:
      return FileSort::kRegular;
  }
}

// Looked at before opening, because opening a device may do something, and again after it, because the name
// may have changed hands.
Result<InputFile> InputFile::open(int at, const std::string& name, Links links, bool devices) {
  bool refuses = links == Links::kRefuse;
  auto before = sort_at(at, name, refuses ? AT_SYMLINK_NOFOLLOW : 0);
  if (!before) return before.error();
  auto allowed = allow(*before, devices);
  if (!allowed) return allowed.error();
  int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (refuses ? O_NOFOLLOW : 0);
  int fd = openat(at, name.c_str(), flags);
  if (fd < 0) return unreadable(errno);
  InputFile file(fd, *before, true);
  auto after = sort_at(fd, "", AT_EMPTY_PATH);
  if (!after) return after.error();
  file.sort_ = *after;
  allowed = allow(*after, devices);
  if (!allowed) return allowed.error();
  return file;
}

InputFile InputFile::standard_input() { return {STDIN_FILENO, FileSort::kFifo, false}; }

InputFile::InputFile(InputFile&& other) noexcept : fd_(other.fd_), sort_(other.sort_), owned_(other.owned_) {
  other.owned_ = false;
}

InputFile::~InputFile() {
  if (owned_) close(fd_);
}

InputFile::Version InputFile::version() const {
  struct stat status {};
  if (fstat(fd_, &status) != 0) return {};
  return {status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
          status.st_ctim.tv_nsec};
}

Result<void> InputFile::read_into(ValueWriter& writer, const std::function<bool()>& cancelled) {
  bool waits = sort_ != FileSort::kRegular;
  const uint64_t size = waits ? kReadBytes : static_cast<uint64_t>(version().size);
  if (!waits) writer.expect(size);
  std::vector<uint8_t> buffer(std::clamp<uint64_t>(size + 1, kLeastRead, kReadBytes));
  while (true) {
    if (waits) {
      auto ready = wait_readable(fd_, cancelled);
      if (!ready) return ready;
    }
    ssize_t count = read(fd_, buffer.data(), buffer.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) return unreadable(errno);
    if (count == 0) return {};
    auto appended = writer.append(Bytes(buffer).first(static_cast<size_t>(count)));
    if (!appended) return appended;
  }
}

}  // namespace rebus
