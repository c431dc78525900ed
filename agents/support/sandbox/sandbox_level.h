// How much of a sandbox hostile files are looked at in: what --sandbox says.
#pragma once

#include <cstdint>
#include <string_view>

#include "descriptor/result.h"

namespace rebus {

enum class SandboxLevel : uint8_t {
  kNone,      // none at all: for a kernel that has too little, and said aloud
  kRequired,  // what must be is there, or nothing is looked at; the rest where the kernel has it
  kStrict,    // every layer (cage.h), or nothing is looked at
};
Result<SandboxLevel> sandbox_level_named(std::string_view name);  // "none", "required", "strict"
const char* sandbox_level_name(SandboxLevel level);

// Of this process: for all that it starts from now on; before any thread. At first kRequired.
void set_sandbox_level(SandboxLevel level);
SandboxLevel sandbox_level();

}  // namespace rebus
