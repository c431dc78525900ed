// The frame around every program's main().
#pragma once

#include <cstdio>
#include <exception>

#include "tools/exit_status.h"
#include "tools/process_limits.h"

namespace rebus {

// Gives the exit code of `run`; what it throws (out of memory, or of threads) is told, and the code says so.
template <class Run>
int run_program(const char* name, Run run) {
  try {
    guard_standard_files();
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
    return ExitStatus::kUnavailable;
  }
}

}  // namespace rebus
