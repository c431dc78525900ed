// WorkerOrigin: where the worker of a ParserProcess comes from, and how it is ended.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "descriptor/result.h"

namespace rebus {

class WorkerOrigin {
 public:
  virtual ~WorkerOrigin() = default;
  // For people, such as "rebus_parser types".
  virtual std::string name() const = 0;
  // A worker whose standard input is `socket`, and whose standard output is `file`, which it can read; -1:
  // nothing. kUnavailable says what is missing.
  virtual Result<pid_t> start(int socket, int file) = 0;
  // Kills it if it still runs; gives its wait status.
  virtual int end(pid_t worker) = 0;
};

// A program of ours, started anew for each worker: its name, and the first of its words. The other is the
// sandbox level of this process.
std::shared_ptr<WorkerOrigin> worker_program(std::string program, std::string work);
// With these words, the first of which is a part of its name for people. `more`: what it can read as its
// standard error, open while workers are started; -1: nothing.
std::shared_ptr<WorkerOrigin> worker_program(std::string program, std::vector<std::string> words, int more);

// kUnavailable: it is neither beside the program that runs nor in $PATH.
Error worker_not_installed(const std::string& program);

// Waits for a child of this process to end; gives its wait status.
int wait_for_end(pid_t pid);

// "ended with exit code 1", "was killed by signal 11 (Segmentation fault)".
std::string how_it_ended(int status);

}  // namespace rebus
