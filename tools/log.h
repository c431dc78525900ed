// Where log lines go.
#pragma once

#include <string>

#include "descriptor/result.h"
#include "tools/log_line.h"

namespace rebus {

struct LogOptions {
  std::string program;     // names the lines
  unsigned verbosity = 0;  // 0: warnings, 1: what happens, 2: everything
  std::string file;        // appended to; empty: standard error
  bool syslog = false;
  std::string format = "text";  // or "json"
};

// Sets spdlog's default logger. kInvalid if the file cannot be written, or there is no such format. At most
// 1000 lines at once and 100 a second are written; then a line says how many were left out.
Result<void> set_up_log(const LogOptions& options);

}  // namespace rebus
