// The system calls that programs of others are not allowed in their cell.
#pragma once

#include "descriptor/file_handle.h"
#include "descriptor/result.h"

namespace rebus {

// As a file that bubblewrap takes. Refused are what makes namespaces, mounts, other rights or processes that
// a tracer does not see; tracing; the parts of the kernel where faults are found and no tool needs; what acts
// on the host, or on a terminal. Another architecture's calls end the process.
Result<FileHandle> program_filter();

}  // namespace rebus
