// SampleRun: a program is run to see what it does.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "agents/support/strace/trace_summary.h"
#include "bus/agent.h"

namespace rebus {

// Who runs its instructions. The tracer is strace outside of the cell in each case.
enum class SampleEngine : uint8_t {
  kNative,  // this host's processor
  kUser,    // qemu-user, in the cell: what it does itself is in the trace, too
};

struct SampleSetting {
  std::string architecture;  // "x86_64", "aarch64"
  SampleEngine engine = SampleEngine::kNative;
  std::string qemu = {};    // kUser: the emulator, linked statically
  std::string system = {};  // kUser: a folder with the libraries of that architecture; may be empty
  std::vector<std::string> arguments = {};
  std::vector<std::string> environment = {};  // "NAME=VALUE"
  std::string input = {};                     // standard input
  std::chrono::seconds time{30};
  uint64_t most_trace = 64 << 20;  // bytes that strace writes
};

const char* engine_name(SampleEngine engine);

// Runs the value of `work` and pushes /strace/summary, /strace/events and /strace/raw. kFailed: it could not
// be started, and why.
Result<void> run_sample(Work& work, const SampleSetting& setting);

}  // namespace rebus
