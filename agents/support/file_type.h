// Identification of files by libmagic: asked once per object, when it enters the bus.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "descriptor/descriptor.h"

namespace rebus {

// The words of a file on which libmagic failed begin so; the rest says how.
inline constexpr std::string_view kNoType = "ERROR: libmagic failed: ";

// libmagic takes milliseconds; its worst known cases a second.
constexpr std::chrono::seconds kTypePatience{30};

// What libmagic says of a value: the words of `file -b` and the answers of `file --mime-type` and
// `file --mime-encoding`, in a UTF-8 locale. Any thread; each has a worker in a cage, in which libmagic runs
// (agents/parsers/magic.h). For many values: TypeQueue (type_queue.h). The answer is hostile text, like the
// bytes it was made from. A value that ends the worker is of no known type. kUnavailable: there can be no
// worker; errors of reading the value as they are.
Result<FileType> identify(const Value& value);

// Whether identify() can work at all: agents that need it refuse to start without. Gives the layers
// of its cage (sandbox/told_layers.h).
Result<std::vector<std::string>> check_file_type_database();

}  // namespace rebus
