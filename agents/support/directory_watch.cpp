#include "agents/support/directory_watch.h"

#include <poll.h>
#include <sys/inotify.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <set>
#include <system_error>

namespace rebus {
namespace {

constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE_SELF |
                             IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK;

std::string words_of(int error) { return std::generic_category().message(error); }

}  // namespace

Result<DirectoryWatch> DirectoryWatch::open() {
  FileHandle queue(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (queue.get() < 0) {
    return Error{Code::kUnavailable,
                 "cannot watch anything (" + words_of(errno) + "): see sysctl fs.inotify.max_user_instances"};
  }
  return DirectoryWatch(std::move(queue));
}

// By its descriptor: the name may lead elsewhere by now.
Result<void> DirectoryWatch::add(const InputFile& directory, const WatchedPlace& place) {
  std::string path = "/proc/self/fd/" + std::to_string(directory.descriptor());
  int number = inotify_add_watch(queue_.get(), path.c_str(), kEvents);
  if (number < 0 && errno == ENOSPC) {
    return Error{Code::kLimit,
                 "cannot be watched: there are as many watches as sysctl fs.inotify.max_user_watches allows"};
  }
  if (number < 0) return Error{Code::kUnreadable, "cannot be watched: " + words_of(errno)};
  if (auto old = places_.find(number); old != places_.end()) numbers_.erase(old->second);
  places_[number] = place;
  numbers_[place] = number;
  return {};
}

std::vector<DirectoryChange> DirectoryWatch::wait(std::chrono::milliseconds time) {
  std::vector<DirectoryChange> changes;
  pollfd waiting{queue_.get(), POLLIN, 0};
  if (poll(&waiting, 1, static_cast<int>(time.count())) <= 0) return changes;
  alignas(inotify_event) std::array<char, 64 << 10> buffer;
  ssize_t size = read(queue_.get(), buffer.data(), buffer.size());
  std::set<std::pair<int, std::string>> closed;  // what is written again and again is looked at once
  for (ssize_t at = 0; at < size;) {
    inotify_event event{};
    std::memcpy(&event, buffer.data() + at, sizeof(event));
    std::string name = event.len > 0 ? buffer.data() + at + sizeof(event) : "";
    const std::pair entry(event.wd, name);
    const bool is_close = event.mask == IN_CLOSE_WRITE;
    const bool is_told = is_close && !closed.insert(entry).second;
    if (!is_close) closed.erase(entry);  // another file, maybe
    if (!is_told) take(event.wd, event.mask, std::move(name), changes);
    at += static_cast<ssize_t>(sizeof(event) + event.len);
  }
  return changes;
}

void DirectoryWatch::take(int number, uint32_t what, std::string name,
                          std::vector<DirectoryChange>& changes) {
  using Change = DirectoryChange::Kind;
  if ((what & IN_Q_OVERFLOW) != 0) changes.push_back({Change::kOverflow, {}, {}});
  auto known = places_.find(number);
  if (known == places_.end()) return;
  WatchedPlace place = known->second;
  bool is_directory = (what & IN_ISDIR) != 0;
  bool is_root_away = (what & IN_MOVE_SELF) != 0 && place.inside.empty();
  if ((what & IN_IGNORED) != 0 || is_root_away) {
    if ((what & IN_IGNORED) == 0) inotify_rm_watch(queue_.get(), number);
    numbers_.erase(place);
    places_.erase(known);
    changes.push_back({Change::kGone, place, {}});
  } else if (is_directory && (what & IN_MOVED_FROM) != 0) {
    forget_below({place.root, place.below(name)});  // where it arrives, it is told as new
  } else if (is_directory && (what & (IN_CREATE | IN_MOVED_TO)) != 0) {
    changes.push_back({Change::kDirectory, place, std::move(name)});
  } else if (!is_directory && (what & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0) {
    changes.push_back({Change::kFile, place, std::move(name)});
  } else if (!is_directory && (what & IN_CREATE) != 0) {
    changes.push_back({Change::kEntry, place, std::move(name)});
  }
}

void DirectoryWatch::forget_below(const WatchedPlace& place) {
  std::string within = place.inside + "/";
  for (auto it = numbers_.lower_bound(place); it != numbers_.end();) {
    const WatchedPlace& each = it->first;
    bool is_same_begin = each.root == place.root && each.inside.starts_with(place.inside);
    if (!is_same_begin) break;
    bool is_it = each == place || each.inside.starts_with(within);
    if (is_it) {
      inotify_rm_watch(queue_.get(), it->second);
      places_.erase(it->second);
    }
    it = is_it ? numbers_.erase(it) : std::next(it);
  }
}

}  // namespace rebus
