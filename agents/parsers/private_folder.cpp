#include "agents/parsers/private_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace rebus {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "rebus-scratch-";
constexpr uid_t kNobody = 65534;

fs::path parent() {
  const char* place = std::getenv("TMPDIR");
  return place != nullptr && *place == '/' ? place : "/tmp";
}

uid_t owner() { return geteuid() == 0 ? kNobody : geteuid(); }

// The folder itself, no link to one; locked, or -1.
FileHandle lock_of(const fs::path& path) {
  FileHandle folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  bool is_locked = folder.get() >= 0 && flock(folder.get(), LOCK_EX | LOCK_NB) == 0;
  return is_locked ? std::move(folder) : FileHandle(-1);
}

// What is in it may be hostile names and links, none of which is followed.
void remove_tree(const fs::path& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

}  // namespace

Result<PrivateFolder> PrivateFolder::make() {
  std::string path = parent() / (std::string(kPrefix) + "XXXXXX");
  if (mkdtemp(path.data()) == nullptr)  // 0700
    return Error{Code::kUnavailable, "no folder for temporary files: " + path + ": " + std::strerror(errno)};
  FileHandle lock = lock_of(path);
  bool is_good = lock.get() >= 0 && (geteuid() != 0 || fchown(lock.get(), kNobody, kNobody) == 0);
  PrivateFolder folder(std::move(path), std::move(lock));
  if (is_good) return folder;
  return Error{Code::kUnavailable, "no folder for temporary files: " + std::string(std::strerror(errno))};
}

PrivateFolder::~PrivateFolder() {
  if (lock_.get() >= 0) remove_tree(path_);
}

void PrivateFolder::remove_left_over() {
  std::error_code error;
  for (fs::directory_iterator each(parent(), error), end; !error && each != end; each.increment(error)) {
    struct stat status {};
    const fs::path path = each->path();
    bool is_ours = path.filename().string().starts_with(kPrefix) && lstat(path.c_str(), &status) == 0 &&
                   S_ISDIR(status.st_mode) && status.st_uid == owner();
    if (!is_ours) continue;
    FileHandle lock = lock_of(path);
    if (lock.get() >= 0) remove_tree(path);
  }
}

}  // namespace rebus
