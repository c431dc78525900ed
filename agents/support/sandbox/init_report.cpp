#include "agents/support/sandbox/init_report.h"

#include <algorithm>
#include <cstdlib>

namespace rebus {

InitReport InitReport::of_text(std::string_view text) {
  InitReport report;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    std::string_view word = line.substr(0, line.find(' '));
    std::string rest(line.substr(std::min(line.size(), word.size() + 1)));
    if (word == kInitLandlock) report.landlock = rest;
    if (word == kInitMissing) report.missing = rest;
    if (word == kInitNotFound) report.is_not_found = true;
    if (word == kInitStarted) report.has_started = true;
    if (word == kInitDone) report.is_done = true;
    if (word == kInitExit || word == kInitSignal) {
      report.is_signal = word == kInitSignal;
      report.number = std::atoi(rest.c_str());
    }
  }
  report.has_started = report.has_started && !report.is_not_found && report.missing.empty();
  return report;
}

}  // namespace rebus
