// ChildProcess: a process that the launcher started.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "descriptor/result.h"

namespace rebus {

struct ChildCall {
  std::vector<std::string> words;        // the first is the path of the program
  std::vector<std::string> environment;  // "NAME=VALUE", beside or instead of ours
  std::string stdout_file;               // appended to; empty: our standard output
  bool catches_stdout = false;           // through out_fd() instead
};

// How a process ended: by a signal, or with a code.
struct Ending {
  int signal = 0;
  int code = 0;
  bool lacked_memory = false;  // the kernel killed somebody for want of memory while it ran
};
// "was killed by signal 9 (Killed)", "ended with exit code 75".
std::string to_text(const Ending& ending);

// Its standard input is empty, its standard error comes through err_fd(). It is in a process group of its
// own, so that ^C at the terminal is the launcher's. Killed by the destructor if it still runs.
class ChildProcess {
 public:
  static Result<std::unique_ptr<ChildProcess>> start(const ChildCall& call);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  // Readable when it has ended.
  int end_fd() const { return end_fd_; }
  // -1 once everything was read.
  int err_fd() const { return err_fd_; }
  int out_fd() const { return out_fd_; }
  // What there is of it now, without waiting; nothing: the end, or an error.
  std::string read_err() { return read_some(err_fd_); }
  std::string read_out() { return read_some(out_fd_); }
  void signal(int number) const;
  // Once, after end_fd() has become readable.
  Ending reap();

 private:
  ChildProcess(pid_t pid, int err_fd, int out_fd);
  static std::string read_some(int& fd);

  pid_t pid_;
  int end_fd_;
  int err_fd_;
  int out_fd_;
  uint64_t memory_kills_;  // of the kernel, before it was started
  bool is_reaped_ = false;
};

}  // namespace rebus
