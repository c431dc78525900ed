// LogLine: how a log line looks, for people and for machines.
#pragma once

#include <spdlog/formatter.h>

#include <memory>
#include <string>

namespace rebus {

// `text` with what escape() would escape escaped, but for backslashes: escaped parts stay as they are.
std::string one_line(const std::string& text);

// TIME PROGRAM[PID] LEVEL: [AGENT DOMAIN SELECTOR try N: ]MESSAGE
std::unique_ptr<spdlog::formatter> text_lines();
// LEVEL: the same; syslog knows the rest.
std::unique_ptr<spdlog::formatter> syslog_lines();
// One JSON object: time (UTC), program, pid, level, message; of an agent also agent, domain, selector and
// attempt.
std::unique_ptr<spdlog::formatter> json_lines();

}  // namespace rebus
