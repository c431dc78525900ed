#include "agents/support/file_walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string_view>

namespace rebus {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

Directory list(int fd) {
  int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);  // closedir() closes it
  Directory directory(own < 0 ? nullptr : fdopendir(own));
  if (!directory && own >= 0) close(own);
  return directory;
}

}  // namespace

Result<void> FileWalk::walk(const InputFile& directory, const std::string& name) {
  if (enter_ && !enter_(directory, name)) return {};
  Directory entries = list(directory.descriptor());
  if (!entries) {
    complain_(name, unreadable(errno));
    return {};
  }
  while (true) {
    errno = 0;
    const dirent* entry = readdir(entries.get());
    if (entry == nullptr) break;
    std::string_view base = entry->d_name;
    if (base == "." || base == "..") continue;
    auto visited = visit(directory.descriptor(), entry->d_name, name + "/" + entry->d_name);
    if (!visited) return visited;
  }
  if (errno != 0) complain_(name, unreadable(errno));
  return {};
}

Result<void> FileWalk::visit(int directory, const std::string& entry, const std::string& name) {
  struct stat status {};
  if (fstatat(directory, entry.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    complain_(name, unreadable(errno));
    return {};
  }
  FileSort sort = file_sort(status.st_mode);
  if (sort != FileSort::kRegular && sort != FileSort::kDirectory) {
    skipped_[sort]++;
    return {};
  }
  auto file = InputFile::open(directory, entry, InputFile::Links::kRefuse, false);
  if (!file) {
    complain_(name, file.error());
    return {};
  }
  return file->sort() == FileSort::kDirectory ? walk(*file, name) : use_(*file, name);
}

}  // namespace rebus
