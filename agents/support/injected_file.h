// A file of this host as the object that enters the bus.
#pragma once

#include <string>

#include "bus/message.h"

namespace rebus {

struct InjectedFile {
  Domain domain;
  std::string agent;  // that injects it
  Value value;
  std::string label;      // what it is called; cut to kMaxLabel
  uint64_t ordinal = 0;   // in its injection
  std::string path = {};  // type path; empty: told by its type
  std::string salt = {};  // as that of make_object()
};

// With its origin. `type`: of its value, as libmagic tells it. Errors of reading the value.
Result<NewDescriptor> make_injected(InjectedFile file, FileType type);

// Whether an answer of the bus to a push is about this file; else it is the bus that fails.
bool concerns_one_file(Code code);

}  // namespace rebus
