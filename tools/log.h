// Where log lines go, and that each stays one harmless line.
#pragma once

#include <string>

#include "descriptor/result.h"

namespace rebus {

struct LogOptions {
  std::string program;     // names the lines
  unsigned verbosity = 0;  // 0: warnings, 1: what happens, 2: everything
  std::string file;        // appended to; empty: standard error
  bool syslog = false;
};

// Sets spdlog's default logger. kInvalid if the file cannot be written.
Result<void> set_up_log(const LogOptions& options);

// `text` with what escape() would escape escaped, but for backslashes: escaped parts stay as they are.
std::string one_line(const std::string& text);

}  // namespace rebus
