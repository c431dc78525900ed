// Zygote: a program that has loaded what workers need, and makes them by fork, as the agent has it.
#pragma once

#include <chrono>
#include <mutex>
#include <string_view>

#include "agents/parsers/scan_messages.h"
#include "agents/support/sandbox/worker_origin.h"
#include "descriptor/file_handle.h"

namespace rebus {

// Any thread: instances of an agent share one. Ends, with its workers, when nobody has it any more.
class Zygote final : public WorkerOrigin {
 public:
  // Starts `program` with LEVEL and these words, and waits until it has loaded what it needs, at most
  // `patience`. kUnavailable: why it cannot work; its words are escaped.
  static Result<std::shared_ptr<Zygote>> start(const std::string& program, std::vector<std::string> words,
                                               std::chrono::seconds patience);
  ~Zygote() override;
  Zygote(const Zygote&) = delete;
  Zygote& operator=(const Zygote&) = delete;

  const ZygoteHello& hello() const { return hello_; }
  pid_t pid() const { return pid_; }
  // It does not answer any more: nothing comes from it.
  bool is_gone() const;

  std::string name() const override { return program_; }
  Result<pid_t> start(int socket, int file) override;
  int end(pid_t worker) override;

 private:
  Zygote(std::string program, pid_t pid, FileHandle control)
      : program_(std::move(program)), pid_(pid), control_(std::move(control)) {}
  Result<void> take_hello(std::chrono::seconds patience);
  void set_patience(std::chrono::seconds time) const;
  Result<ZygoteAnswer> call(const ZygoteCall& what, std::span<const int> files);

  const std::string program_;
  const pid_t pid_;
  ZygoteHello hello_;
  mutable std::mutex mutex_;
  FileHandle control_;
  bool is_gone_ = false;
};

}  // namespace rebus
