#include "agents/support/watched_tree.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "agents/support/inject_choices.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr std::chrono::milliseconds kLookAgain{100};  // at files that were being written

}  // namespace

// Nobody gets a lease for reading then. Where there are no leases (the file of another user, file systems of
// other hosts) a file counts as complete.
bool WatchedTree::is_being_written(const InputFile& file) {
  int fd = file.descriptor();
  fcntl(fd, F_SETSIG,
        SIGURG);  // whoever opens it in between breaks the lease by a signal: one that does nothing
  bool is_refused = fcntl(fd, F_SETLEASE, F_RDLCK) != 0 && errno == EAGAIN;
  fcntl(fd, F_SETLEASE, F_UNLCK);
  return is_refused;
}

Result<WatchedTree> WatchedTree::open(std::vector<std::string> roots, bool recursive, Hooks hooks) {
  auto watch = DirectoryWatch::open();
  if (!watch) return watch.error();
  return WatchedTree(std::move(roots), recursive, std::move(hooks), std::move(*watch));
}

WatchedTree::WatchedTree(std::vector<std::string> roots, bool recursive, Hooks hooks, DirectoryWatch watch)
    : roots_(std::move(roots)), recursive_(recursive), hooks_(std::move(hooks)), watch_(std::move(watch)) {}

Result<void> WatchedTree::scan() {
  for (size_t root = 0; root < roots_.size(); root++) {
    auto scanned = scan_below({root, ""});
    if (!scanned) return scanned;
  }
  return {};
}

Result<bool> WatchedTree::turn(std::chrono::milliseconds time) {
  auto changes = watch_.wait(unfinished_.empty() ? time : std::min(time, kLookAgain));
  for (const DirectoryChange& change : changes) {
    auto handled = handle(change);
    if (!handled) return handled.error();
  }
  auto looked = look_again();
  return looked ? Result<bool>(!changes.empty()) : looked.error();
}

Result<void> WatchedTree::handle(const DirectoryChange& change) {
  switch (change.kind) {
    case DirectoryChange::Kind::kFile:
      return look_at(change.place, change.name, false);
    case DirectoryChange::Kind::kEntry:
      return look_at(change.place, change.name, true);
    case DirectoryChange::Kind::kDirectory:
      if (!recursive_) return {};
      return scan_below({change.place.root, change.place.below(change.name)});
    case DirectoryChange::Kind::kGone:
      if (change.place.inside.empty())
        hooks_.complain(path_of(change.place),
                        {Code::kUnreadable, "the directory is gone, and watched no more"});
      return {};
    case DirectoryChange::Kind::kOverflow:
      hooks_.note(
          "more happened than the kernel remembers (fs.inotify.max_queued_events): looking at everything");
      return scan();
  }
  return {};
}

// Watched before it is listed: what comes in between is told twice rather than never.
Result<void> WatchedTree::scan_below(const WatchedPlace& place) {
  auto directory = open_directory(place);
  if (!directory) {
    hooks_.complain(path_of(place), directory.error());
    return {};
  }
  auto place_of = [&](const std::string& name) {
    return WatchedPlace{place.root,
                        name.substr(std::min<size_t>(name.size(), name.starts_with('/') ? 1 : 0))};
  };
  FileWalk walk(
      [&](InputFile& file, const std::string& name) { return use(file, place_of(name)); },
      [&](const std::string& name, const Error& error) { hooks_.complain(path_of(place_of(name)), error); },
      [&](const InputFile& below, const std::string& name) {
        bool is_wanted = recursive_ || place_of(name) == place;
        return is_wanted && enter(below, place_of(name));
      });
  auto walked = walk.walk(*directory, place.inside.empty() ? "" : "/" + place.inside);
  for (const auto& [sort, count] : walk.skipped()) {
    hooks_.note("in " + escape(path_of(place)) + ": " + std::to_string(count) + " " + file_sort_name(sort) +
                (count == 1 ? "" : "s") + " left out");
  }
  return walked;
}

bool WatchedTree::enter(const InputFile& directory, const WatchedPlace& place) {
  auto added = watch_.add(directory, place);
  if (!added) hooks_.complain(path_of(place), added.error());
  return true;
}

Result<void> WatchedTree::look_at(const WatchedPlace& place, const std::string& name, bool is_new) {
  WatchedPlace entry{place.root, place.below(name)};
  auto directory = open_directory(place);
  if (!directory) {
    hooks_.complain(path_of(entry), directory.error());
    return {};
  }
  struct stat status {};
  int failed = fstatat(directory->descriptor(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW);
  if (failed != 0 && is_new) return {};
  if (failed == 0 && file_sort(status.st_mode) != FileSort::kRegular) return {};
  if (is_new && status.st_nlink == 1) return {};  // its end will be told
  auto file = InputFile::open(directory->descriptor(), name, InputFile::Links::kRefuse, false);
  if (!file) {
    hooks_.complain(path_of(entry), file.error());
    return {};
  }
  return file->sort() == FileSort::kRegular ? use(*file, entry) : Result<void>();
}

Result<void> WatchedTree::use(InputFile& file, const WatchedPlace& entry) {
  auto used =
      is_being_written(file) ? Result<bool>(false) : hooks_.use(file, path_of(entry), label_of(entry));
  if (!used) return used.error();
  if (!*used) unfinished_.insert(entry);
  return {};
}

// The kernel tells that a file was closed a moment before it counts as closed, so who looks at once may find
// it open.
Result<void> WatchedTree::look_again() {
  auto now = std::chrono::steady_clock::now();
  if (now - looked_ < kLookAgain) return {};
  looked_ = now;
  for (const WatchedPlace& entry : std::exchange(unfinished_, {})) {
    size_t slash = entry.inside.rfind('/');
    bool is_below = slash != std::string::npos;
    WatchedPlace place{entry.root, is_below ? entry.inside.substr(0, slash) : ""};
    auto looked = look_at(place, is_below ? entry.inside.substr(slash + 1) : entry.inside, false);
    if (!looked) return looked;
  }
  return {};
}

// No link on the way down is followed; that of the user is.
Result<InputFile> WatchedTree::open_directory(const WatchedPlace& place) const {
  auto root = InputFile::open(AT_FDCWD, roots_[place.root], InputFile::Links::kFollow, false);
  if (!root) return root.error();
  if (root->sort() != FileSort::kDirectory) return Error{Code::kUnreadable, "is no directory"};
  if (place.inside.empty()) return root;
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  FileHandle opened(
      static_cast<int>(syscall(SYS_openat2, root->descriptor(), place.inside.c_str(), &how, sizeof(how))));
  if (opened.get() < 0) return unreadable(errno);
  return InputFile::open(opened.get(), ".", InputFile::Links::kRefuse, false);
}

std::string WatchedTree::path_of(const WatchedPlace& place) const {
  return place.inside.empty() ? roots_[place.root] : trimmed(roots_[place.root]) + "/" + place.inside;
}

std::string WatchedTree::label_of(const WatchedPlace& place) const {
  std::string base = base_name(roots_[place.root]);
  return base.empty() ? place.inside : base + "/" + place.inside;
}

}  // namespace rebus
