// Report: what all agents found out about a submission, put together; what `report` writes as JSON and HTML.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "descriptor/record.h"

namespace rebus {

// Of a file, and of a submission as a whole.
enum class Verdict : uint8_t {
  kFound,        // something that looks for bad things found one, whatever else went wrong
  kIncomplete,   // nothing was found, but not all was looked at: failed, limited, encrypted, not yet done
  kNotExamined,  // nothing that looks for bad things looked at it
  kClean,        // looked at whole, and nothing was found
};
inline constexpr size_t kVerdicts = 4;
// "found", "incomplete", "not examined", "clean".
const char* verdict_name(Verdict verdict);

struct ReportedResult {
  Record record;  // with its value, if that is small
  bool has_verdict = false;
  std::string words;  // what it says in a line for people, of results that have a verdict; hostile text
};

struct ReportedFile {
  Record record;
  bool is_injected = false;
  std::vector<std::string> names;  // whole, in this submission; some of them. Raw bytes
  uint64_t more_names = 0;
  struct Member {
    std::string name;  // in this container; raw bytes
    size_t file = 0;   // its place in Report::files; kLeftOut: not in the report
  };
  static constexpr size_t kLeftOut = static_cast<size_t>(-1);
  std::vector<Member> members;
  std::vector<ReportedResult> results;           // the newest of each agent and type path
  std::vector<std::string> agents;               // that handled the file itself, sorted
  std::vector<std::string> found;                // what, and by whom; hostile text, as the next
  std::vector<std::string> incomplete;           // what was not looked at, and why
  size_t failures = 0;                           // so many of these, the first, are failures of agents
  std::vector<std::string> unopened;             // who could not open it, or something in it, and why
  bool is_examined = false;                      // by something that looks for bad things
  bool is_not_run = false;                       // a program for Linux, and nothing ran it
  Verdict verdict = Verdict::kNotExamined;       // of its own bytes
  Verdict with_members = Verdict::kNotExamined;  // the worst of that and of all that is inside
};

struct Report {
  Submission submission;
  Record note;                          // of the injection: when, and under which label
  std::vector<ReportedFile> files;      // injected ones in their order, each followed by what is in it
  uint64_t left_out = 0;                // files above the limit, which are not looked at
  std::vector<std::string> incomplete;  // of the whole
  struct AgentWork {
    uint64_t results = 0, time_us = 0;
  };
  std::map<std::string, AgentWork> agents;
  // By agent that made a file or a result, and says it: the layers that it looked at hostile bytes in
  // (Descriptor::sandbox), one list for each host that differs. Hostile text.
  std::map<std::string, std::set<std::vector<std::string>>> sandboxes;
  std::array<uint64_t, kVerdicts> counts{};  // files by their own verdict
  uint64_t failures = 0, limits = 0;
  Verdict verdict = Verdict::kNotExamined;
  bool is_complete() const;  // all files were looked at whole
};

// Who worked in less than a whole sandbox, and what it lacked: sentences, hostile text.
std::vector<std::string> less_sandbox(const Report& report);

// How many programs for Linux are among the files that nothing ran.
uint64_t programs_not_run(const Report& report);

// Gives every file and the whole their verdicts, from what is said of them.
void judge(Report& report);

}  // namespace rebus
