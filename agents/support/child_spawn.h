// Starting a program of others with nothing but what it is given.
#pragma once

#include <sys/types.h>

#include "agents/support/child_program.h"

namespace rebus {

// Open files of this process that become the child's: 0, 1, 2, and more from 3.
struct ChildFiles {
  int in, out, err;
  std::vector<int> more = {};
};

// Starts it as ChildProgram says, in a process group of its own, within `most_memory`; who calls it watches
// over time and output, and waits for its end. kNotFound: no such program; kFailed: it could not be started.
Result<pid_t> spawn_child(const ChildProgram& program, const ChildFiles& files);

}  // namespace rebus
