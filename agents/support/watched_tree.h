// WatchedTree: the regular files of directories, as they become complete.
#pragma once

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "agents/support/directory_watch.h"
#include "agents/support/file_walk.h"

namespace rebus {

// Files that are there at the start, and those that come later. The same file may be told several times; one
// that somebody writes is told when it is closed, or soon after. Symbolic links are not followed, also when
// somebody exchanges a directory for one. One thread.
class WatchedTree {
 public:
  struct Hooks {
    // A file that may be complete. `path` as the user would name it; `label`: the path from the watched
    // directory on. Gives false if it turns out to be written still: it is told again.
    std::function<Result<bool>(InputFile& file, const std::string& path, const std::string& label)> use;
    // What cannot be read or watched.
    std::function<void(const std::string& path, const Error& error)> complain;
    std::function<void(const std::string& line)> note;
  };
  static Result<WatchedTree> open(std::vector<std::string> roots, bool recursive, Hooks hooks);

  // All files that are there now; the first Error of `use`.
  Result<void> scan();
  // What happened, waiting for it at most so long. True: something did.
  Result<bool> turn(std::chrono::milliseconds time);
  // Whether somebody has the file open for writing.
  static bool is_being_written(const InputFile& file);
  // No directory is left to watch.
  bool is_over() const { return watch_.is_empty(); }

 private:
  WatchedTree(std::vector<std::string> roots, bool recursive, Hooks hooks, DirectoryWatch watch);

  Result<void> handle(const DirectoryChange& change);
  Result<void> scan_below(const WatchedPlace& place);
  Result<void> look_at(const WatchedPlace& place, const std::string& name, bool is_new);
  Result<InputFile> open_directory(const WatchedPlace& place) const;
  bool enter(const InputFile& directory, const WatchedPlace& place);
  Result<void> use(InputFile& file, const WatchedPlace& entry);
  Result<void> look_again();
  std::string path_of(const WatchedPlace& place) const;
  std::string label_of(const WatchedPlace& place) const;

  std::vector<std::string> roots_;
  bool recursive_;
  Hooks hooks_;
  DirectoryWatch watch_;
  std::set<WatchedPlace> unfinished_;  // files that were being written when they were looked at
  std::chrono::steady_clock::time_point looked_;
};

}  // namespace rebus
