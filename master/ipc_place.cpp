#include "master/ipc_place.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "descriptor/escape.h"

namespace rebus {
namespace {

Error refused(const std::string& path, const std::string& why) {
  return {Code::kUnavailable, "cannot listen at " + escape(path) + ": " + why};
}

std::string reason() { return std::generic_category().message(errno); }

Error taken(const std::string& path) { return refused(path, "another master is listening there"); }

// Others can reach the socket through a directory that they can write to, unless it is sticky, like /tmp.
Result<void> check_directory(const std::string& directory) {
  struct stat status {};
  if (stat(directory.c_str(), &status) != 0) return refused(directory, reason());
  bool is_ours = status.st_uid == geteuid() || status.st_uid == 0;
  bool is_closed = (status.st_mode & 022) == 0 || (status.st_mode & S_ISVTX) != 0;
  if (is_ours && is_closed) return {};
  return refused(directory, "others can change this directory");
}

Result<void> make_directory(const std::string& directory) {
  std::error_code failed;
  std::filesystem::create_directories(std::filesystem::path(directory).parent_path(), failed);
  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return refused(directory, reason());
  return check_directory(directory);
}

Result<int> lock(const std::string& path) {
  std::string name = path + ".lock";
  int fd = open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return refused(name, reason());
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  close(fd);
  return taken(path);
}

bool somebody_listens(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size());  // Address::parse() limits the length
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  bool connected = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 || errno == EAGAIN;
  close(fd);
  return connected;
}

Result<void> remove_stale(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return refused(path, reason());
  }
  if (!S_ISSOCK(status.st_mode)) return refused(path, "there is something that is no socket");
  if (somebody_listens(path)) return taken(path);
  if (unlink(path.c_str()) != 0) return refused(path, reason());
  return {};
}

}  // namespace

Result<IpcPlace> IpcPlace::take(const std::string& path) {
  auto made = make_directory(std::filesystem::path(path).parent_path());
  if (!made) return made.error();
  auto fd = lock(path);
  if (!fd) return fd.error();
  auto removed = remove_stale(path);
  if (removed) return IpcPlace(path, *fd);
  close(*fd);
  return removed.error();
}

IpcPlace::IpcPlace(IpcPlace&& other) noexcept
    : path_(std::move(other.path_)), lock_fd_(std::exchange(other.lock_fd_, -1)) {}

// The lock file stays: who removed it could remove one that another master has just locked.
IpcPlace::~IpcPlace() {
  if (lock_fd_ < 0) return;
  unlink(path_.c_str());
  close(lock_fd_);
}

}  // namespace rebus
