// Identification of files by libmagic: asked once per object, when it enters the bus.
#pragma once

#include "descriptor/descriptor.h"

namespace rebus {

// What libmagic says of a value: the words of `file -b` and the answers of `file --mime-type` and
// `file --mime-encoding`, in a UTF-8 locale. Any thread; each loads the database at its first call and keeps
// it. kFailed when the database is missing or damaged; errors of reading the value as they are.
//
// This function is the seam for a confined worker process: nothing else in rebus calls libmagic. The answer
// is hostile text, like the bytes it was made from.
//
// A value that is a file is read in place, any other from a copy in memory: whole up to 64 MiB, above that
// its first and last 16 MiB with a hole between (libmagic looks at the first MiB, and follows ELF and OLE
// tables).
Result<FileType> identify(const Value& value);

// Whether identify() can work at all: agents that need it refuse to start without.
Result<void> check_file_type_database();

}  // namespace rebus
