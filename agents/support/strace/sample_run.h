// SampleRun: a program is run to see what it does.
#pragma once

#include "agents/support/strace/sample_setting.h"
#include "bus/agent.h"

namespace rebus {

// Whether strace can trace what is in a cell here; kUnavailable says what is missing.
Result<void> check_tracing();

// Runs the value of `work` and pushes /strace/summary, /strace/events and /strace/raw. kFailed: it could not
// be started, and why.
Result<void> run_sample(Work& work, const SampleSetting& setting);

}  // namespace rebus
