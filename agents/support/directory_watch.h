// DirectoryWatch: what happens in directories, told by inotify.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "agents/support/input_file.h"
#include "descriptor/file_handle.h"

namespace rebus {

// One of the directories to watch, and a directory below it: "" or "a/b".
struct WatchedPlace {
  size_t root = 0;
  std::string inside;
  auto operator<=>(const WatchedPlace&) const = default;

  // Of an entry of it.
  std::string below(const std::string& name) const { return inside.empty() ? name : inside + "/" + name; }
};

struct DirectoryChange {
  enum class Kind {
    kFile,       // `name` may be complete: it was closed after writing, or moved in
    kEntry,      // `name` is new: a file that is being made, or one more link to a file
    kDirectory,  // `name` is a new directory
    kGone,       // the place itself is gone, or cannot be seen any more
    kOverflow,   // more happened than the kernel remembers: look at everything
  };
  Kind kind;
  WatchedPlace place;
  std::string name;  // any bytes
};

// Holds no directory open. One thread.
class DirectoryWatch {
 public:
  // kUnavailable: the kernel has no more of it (fs.inotify.max_user_instances).
  static Result<DirectoryWatch> open();

  // Tells of what happens in this open directory from now on, under this place; again: under the new one.
  // kLimit: fs.inotify.max_user_watches is reached; kUnreadable.
  Result<void> add(const InputFile& directory, const WatchedPlace& place);
  bool is_empty() const { return places_.empty(); }
  // What happened, waiting for it at most so long.
  std::vector<DirectoryChange> wait(std::chrono::milliseconds time);

 private:
  explicit DirectoryWatch(FileHandle queue) : queue_(std::move(queue)) {}
  void take(int number, uint32_t what, std::string name, std::vector<DirectoryChange>& changes);
  void forget_below(const WatchedPlace& place);

  FileHandle queue_;
  std::map<int, WatchedPlace> places_;   // by inotify's number
  std::map<WatchedPlace, int> numbers_;  // the same
};

}  // namespace rebus
