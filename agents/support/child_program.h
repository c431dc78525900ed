// ChildProgram: a program of others, run on hostile input in a cell (docs/security.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "descriptor/result.h"

namespace rebus {

// Where a program finds its files, and the only folder where it may write, in which it begins.
constexpr const char* kCellInputs = "/input";
constexpr const char* kCellScratch = "/tmp";

struct ChildFile {
  std::string name = {};  // under kCellInputs; a name that needs no escaping
  int fd = -1;            // of this process, which keeps it; copied from its begin
};

// How it is started: no shell, no open file but standard input, output and error, no environment but PATH,
// HOME and what is said here. Of this host's files it sees /usr, so it must be there.
struct ChildProgram {
  std::vector<std::string> words = {};      // the program, looked for in $PATH, and its arguments
  std::vector<std::string> variables = {};  // "NAME=VALUE"
  std::vector<ChildFile> files = {};        // to be read, or run, only
  std::vector<std::string> folders =
      {};  // more of this host's, to be read; those that are not there are left out
  std::chrono::milliseconds time{60'000};  // then it is killed, with all that it started
  uint64_t most_output = 32 << 20;         // bytes; more: it is killed
  uint64_t most_memory =
      2ULL << 30;                    // bytes of addresses of each process, and of all where there are cgroups
  uint64_t most_scratch = 64 << 20;  // bytes, in memory
  uint64_t most_processes = 64;      // and threads, at a time
  // Where programs of another architecture find their libraries: a folder with lib, usr and so on, which is
  // all that the program sees of this host. Empty: this host's own.
  std::string system = {};
  // It is what is analysed: it may use the network, of which there is none, and has ended when all that it
  // left behind has.
  bool is_sample = false;
  bool is_ours = false;  // it needs no cell
  // Is given what it writes to standard output, as it comes, instead of ChildEnd::out. An error ends it:
  // kLimit means How::kOutput, others are what run_child gives.
  std::function<Result<void>(std::string_view)> take_output = {};
  // Options of strace, which then stands outside of the cell and traces all of it; with --sandbox none there
  // is no trace. What it writes is given to `take_trace` as it comes; errors as those of
  // take_output.
  std::vector<std::string> strace = {};
  std::function<Result<void>(std::string_view)> take_trace = {};
};

struct ChildEnd {
  // kLost: somebody else killed it, with all that it started.
  enum class How : uint8_t { kExit, kSignal, kTime, kOutput, kMemory, kLost };
  How how = How::kExit;
  int exit_code = 0;                // 128 + signal number if it was killed, by whomever
  std::string out;                  // what came until then
  std::string err;                  // the begin, at most 4 KiB; hostile text
  uint64_t refused_processes = 0;   // how often it wanted more than it may have; only cgroups count these two
  uint64_t memory_kills = 0;        // processes that were killed because the memory was used up
  std::vector<std::string> layers;  // of its cell; none with --sandbox none
};

// kNotFound: no such program; kUnavailable: there is no cell, and what is missing for one; kFailed: it could
// not be started; and the error of take_output.
Result<ChildEnd> run_child(const ChildProgram& program, std::string_view input);

// If a limit ended it: kLimit, with a sentence that says which; kFailed: somebody else did.
Result<void> check_limits(const ChildProgram& program, const ChildEnd& end);

// Whether programs can be put into a cell here, as --sandbox wants it; kUnavailable says what is missing. For
// agents that run some, before any work. Gives its layers (sandbox/told_layers.h).
Result<std::vector<std::string>> check_cell();

// The path of a program of ours in the folder of the one that runs, or its bare name: to be looked for in
// $PATH.
std::string program_beside_us(const std::string& name);

// Whether $PATH leads to it.
bool is_installed(const std::string& program);

}  // namespace rebus
