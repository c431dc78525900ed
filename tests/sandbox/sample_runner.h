// SampleRunner: a strace agent at work on a sample, in a process of its own.
#pragma once

#include <sys/types.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bus/agent.h"
#include "descriptor/file_handle.h"

namespace rebus {

// What it gave.
struct SampleResult {
  bool is_accepted = false;
  std::string error;
  std::string summary, events, raw;
  std::string limit;  // its reason
  template <class A>
  void fields(A& a) {
    a(1, is_accepted), a(2, error), a(3, summary), a(4, events), a(5, raw), a(6, limit);
  }

  nlohmann::json json() const { return nlohmann::json::parse(summary, nullptr, false); }
  std::vector<nlohmann::json> event_list() const;
  // The names of the calls among these, in order.
  std::vector<std::string> calls(const std::vector<std::string>& wanted) const;
  bool is_partial(const std::string& reason) const;  // that begins so, or has it in it
};

struct SampleJob {
  std::string agent = "strace_x86_64";
  std::string bytes;
  std::string label = "sample";
  std::string words = "ELF 64-bit LSB executable, x86-64, statically linked";  // libmagic's
  Options options;
  bool is_ordinary = false;  // user 1234 instead of whoever runs the tests
};

class SampleRunner {
 public:
  explicit SampleRunner(const SampleJob& job);
  ~SampleRunner();
  SampleRunner(const SampleRunner&) = delete;
  SampleRunner& operator=(const SampleRunner&) = delete;

  pid_t pid() const { return pid_; }  // of the agent
  // Waits for its end. Nothing if it was killed.
  SampleResult result();

 private:
  FileHandle answer_;
  pid_t pid_ = 0;
};

// --run-samples, the action of tests/sandbox/samples, and NAME=VALUE options.
Options sample_options(const std::string& action, const std::vector<std::string>& more = {});
// "static", "static_pie", "dynamic": the bytes.
std::string sample_bytes(const std::string& kind);

// Processes that live and have this among their words.
std::vector<pid_t> processes_with(const std::string& word);
// Of those, the one whose program is called so; 0: none.
pid_t process_called(const std::string& program, const std::string& word);
// Of cells that are no more; other tests may have some of their own.
size_t abandoned_cgroups();

}  // namespace rebus
