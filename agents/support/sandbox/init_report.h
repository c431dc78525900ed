// What rebus_init, the first process of a cell, says of what it runs.
#pragma once

#include <string>
#include <string_view>

namespace rebus {

// Lines: a word, and what it is about. The program cannot write there.
constexpr int kInitReport = 3;                   // open file of rebus_init
constexpr const char* kInitLandlock = "layer";   // what it is called
constexpr const char* kInitMissing = "missing";  // a layer that must be, and why it is not there
constexpr const char* kInitNotFound = "not-found";
constexpr const char* kInitStarted = "started";  // counts only if nothing is missing
constexpr const char* kInitDone = "done";        // with all that it waited for
constexpr const char* kInitExit = "exit";        // code
constexpr const char* kInitSignal = "signal";    // number

struct InitReport {
  std::string landlock, missing;
  bool is_not_found = false, has_started = false, is_signal = false, is_done = false;
  int number = 0;

  static InitReport of_text(std::string_view text);
};

}  // namespace rebus
