// ParserProcess: a worker that parses hostile bytes in a cage, as its agent has it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "agents/parsers/value_window.h"
#include "agents/support/sandbox/shared_file.h"
#include "agents/support/sandbox/worker_origin.h"
#include "descriptor/value.h"

namespace rebus {

// Started when it is needed first. One thread. Whatever the worker says is checked here for its form; its
// texts are as hostile as the bytes that it reads.
class ParserProcess {
 public:
  // `patience`: a worker of which nothing is heard for so long, while something is wanted of it, is killed.
  // It can read a window of the value that is spoken of as its standard output (value_window.h); or `file`.
  ParserProcess(std::shared_ptr<WorkerOrigin> origin, std::chrono::seconds patience);
  ParserProcess(std::shared_ptr<WorkerOrigin> origin, std::chrono::seconds patience, int file);
  ~ParserProcess() { stop(); }
  ParserProcess(const ParserProcess&) = delete;
  ParserProcess& operator=(const ParserProcess&) = delete;

  // From the next answer on.
  void set_patience(std::chrono::seconds patience);
  // Starts it, if it does not run. kUnavailable says what is missing: the program, or a layer of the cage;
  // kFailed: it cannot work.
  Result<void> start();
  // The same, but does not wait until it is ready: start() does, later.
  Result<void> launch();
  bool is_running() const { return pid_ != 0; }
  void stop();
  // Nothing is wanted of it any more: it ends by itself, for stop() not to wait.
  void dismiss() { link_.reset(); }

  // An error kills the worker: kFailed says how it ended, for people.
  Result<void> send(ParserWord word, std::string_view body, Bytes bytes = {});
  template <class T>
  Result<void> say(ParserWord word, const T& what, Bytes bytes = {}) {
    return send(word, pack(what), bytes);
  }
  // Likewise, of a value, which is handed to it, or whose begin is put into the window.
  template <class T>
  Result<void> say_of(ParserWord word, const T& what, const Value& value) {
    auto handed = hand(value);
    if (!handed) return handed.error();
    auto filled = *handed ? Result<void>() : window_->fill_part(value, 0, kWindow);
    return filled ? say(word, what) : filled;
  }
  // The value that is spoken of next, as a file, if it is in one that nobody can change (a worker of
  // run_caged_worker()). Gives whether it was.
  Result<bool> hand(const Value& value);
  // Its memory is wanted elsewhere.
  void empty_window() { (void)window_->fill(Value()); }
  // What was sent leaves now, not with receive() only.
  Result<void> flush();
  // Before it is started for, or asked about, one of many files. After 2048 of them it is replaced: whoever
  // took it over has seen no more.
  void begin_file();
  // The next file does not have it replaced.
  bool can_go_on() const { return files_ < kMostFiles; }
  // It died of this file, or of one of the others that it had seen before: a new one is to be asked again.
  template <class T>
  bool was_spoilt(const Result<T>& answer) const {
    bool has_died = !answer && answer.error().code == Code::kFailed && !is_running() && !was_silent_;
    return has_died && files_ > 1;
  }
  // What `ask` gives, which starts the worker and asks it about one of many files.
  template <class Ask>
  auto of_file(Ask ask) -> decltype(ask()) {
    while (true) {
      begin_file();
      auto answer = ask();
      if (!was_spoilt(answer)) return answer;
    }
  }
  // The next answer; what it wants of `value` meanwhile it is given. Errors of reading that as they are.
  Result<ParserFrame> receive(const Value& value);
  // The worker says what no worker says: it is killed.
  Error misbehaves();
  // The last one was killed because nothing was heard of it.
  bool was_silent() const { return was_silent_; }

  // Of the cage it is in.
  const std::vector<std::string>& layers() const { return layers_; }

 private:
  Result<void> make_window();
  Result<void> take_hello();
  Result<void> give(const Want& want, const Value& value);
  Error ended(const Error& why);

  static constexpr int kMostFiles = 2048;

  const std::shared_ptr<WorkerOrigin> origin_;
  std::chrono::seconds patience_;
  std::optional<SharedFile> window_;
  int file_ = -1;
  pid_t pid_ = 0;
  std::unique_ptr<ParserLink> link_;
  std::vector<std::string> layers_;
  bool is_ready_ = false;  // it has said hello
  bool was_silent_ = false;
  int files_ = 0;  // that this worker was given
};

}  // namespace rebus
