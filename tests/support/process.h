// Process: a program run by a test, with its output caught.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace rebus {

struct Finished {
  int exit_code = -1;  // 128 + signal number if it was killed
  std::string out;
  std::string err;

  // Lines of `out`, sorted.
  std::vector<std::string> sorted_lines() const;
};

// Killed by its destructor if it still runs. Output goes to unlinked files: nobody has to read for it to go
// on.
class Process {
 public:
  // `words[0]` is a program of ours by its name ("rebus_agent"), or one in $PATH. Standard input is empty, or
  // `input`. Programs of ours are first in the $PATH of the child.
  explicit Process(std::vector<std::string> words, const std::string& folder = ".",
                   const std::string& input = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  // What was written so far.
  std::string out() const;
  std::string err() const;
  // Whole lines of out().
  std::ptrdiff_t line_count() const;
  void signal(int number) const;
  bool is_running();
  // Waits for its end; a test that waits longer than two minutes fails, and the process is killed.
  Finished wait();

 private:
  int out_fd_;
  int err_fd_;
  int pid_fd_ = -1;
  pid_t pid_ = -1;
  int exit_code_ = -1;
  bool ended_ = false;
};

// Runs to the end.
Finished run(std::vector<std::string> words, const std::string& folder = ".", const std::string& input = {});
// A line of shell, in the folder.
Finished shell(const std::string& line, const std::string& folder = ".");

// What a file of /proc holds; nothing of a process that is gone, also while it is read.
std::string text_of_proc(const std::string& file);

// Asks again and again until it is so; false after two minutes.
bool eventually(const std::function<bool()>& condition);

}  // namespace rebus
