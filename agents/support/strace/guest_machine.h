// A virtual machine that runs one sample under a strace of its own, and what it says.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "agents/support/child_program.h"
#include "agents/support/strace/sample_setting.h"
#include "descriptor/file_handle.h"

namespace rebus {

// The folder that tools/arm64_system.sh makes.
Result<void> check_machine(const std::string& folder);

// What the machine begins with: that of the folder, and behind it the sample, as kCellInputs/NAME, its words,
// environment, input and time.
Result<FileHandle> machine_files(const SampleSetting& setting, const std::string& name,
                                 const std::string& sample);

// qemu-system in a cell: `kernel` and `files` stay with the caller.
ChildProgram machine_program(const SampleSetting& setting, int kernel, int files);

// Takes apart what comes out of the machine's serial port, in any pieces: the trace, how it ended, and what
// the sample wrote. Only who is root in the machine can write there.
class MachineOutput {
 public:
  using Take = std::function<Result<void>(std::string_view)>;
  MachineOutput(Take take_trace, Take take_output)
      : take_trace_(std::move(take_trace)), take_output_(std::move(take_output)) {}

  Result<void> read(std::string_view bytes);
  // The machine came to its end, and did not stop on the way.
  bool is_whole() const { return is_output_; }
  bool was_time_over() const { return was_time_over_; }

 private:
  Take take_trace_, take_output_;
  std::string line_;
  bool is_output_ = false, was_time_over_ = false;
};

}  // namespace rebus
