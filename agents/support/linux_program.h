// Programs for Linux, told from what libmagic says.
#pragma once

#include <string_view>

#include "descriptor/descriptor.h"

namespace rebus {

// Of those that can be run: no library or object.
inline bool is_linux_program(const FileType& type) {
  const std::string_view words = type.words;
  return words.starts_with("ELF ") && words.find(" executable,") != words.npos;
}

// Names of the agents that run them begin so.
inline constexpr std::string_view kRunners = "strace_";

}  // namespace rebus
