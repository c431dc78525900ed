// TraceSummary: what an analyst wants to know first of what a sample did.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "agents/support/strace/trace_reader.h"
#include "descriptor/json.h"

namespace rebus {

// How the sample itself, its first process, ended.
struct SampleEnd {
  enum class How : uint8_t { kUnknown, kExited, kSignal };
  How how = How::kUnknown;
  std::string what;  // code or signal
};

class TraceSummary {
 public:
  void add(const TraceEvent& event);

  const SampleEnd& end() const { return end_; }
  // "files", "network", "processes", "signals", "attempts".
  void write_to(JsonObject& object) const;
  // It started something that it may have brought along: not of /usr, and not itself.
  bool has_started_own() const { return has_started_own_; }
  // What is not whole, for people.
  std::vector<std::string> gaps() const;

 private:
  // A list without repetitions, of limited length, in the order in which things came.
  struct List {
    std::vector<std::string> items = {};
    std::set<std::string> known = {};
    bool is_full = false;
    void add(const std::string& item);
  };
  struct Process {
    uint64_t parent = 0;
    bool is_thread = false;
    bool is_seen = false;                    // there are events of it
    std::vector<std::string> programs = {};  // JSON lists of words, of each execve
    std::string end = {};                    // JSON
  };

  void add_call(const TraceEvent& call);
  void add_file(const TraceEvent& call);
  void add_opened(const std::string& path, const std::string& flags, const TraceEvent& call);
  void add_network(const TraceEvent& call);
  void add_process(const TraceEvent& call);
  void add_attempt(const TraceEvent& call);
  void add_limit(const TraceEvent& call);
  Process* process(uint64_t pid);

  SampleEnd end_;
  uint64_t first_pid_ = 0;
  std::map<std::string, List> files_;  // by what was done with them
  List network_, signals_;             // JSON
  std::map<uint64_t, Process> processes_;
  bool has_more_processes_ = false;
  size_t starts_ = 0;  // of programs, that worked
  bool has_started_own_ = false;
  std::map<std::string, uint64_t> attempts_;
  std::set<std::string> limits_;  // that it met, for people
};

}  // namespace rebus
