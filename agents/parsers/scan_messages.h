// What an agent and an engine that looks for malware for it say to each other: in frames of parser_link.h
// about files, in packets (file_packet.h) about workers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "descriptor/pack.h"

namespace rebus {

// Of one file. The defaults are ClamAV's.
struct ScanLimits {
  uint64_t file_bytes = 100 << 20;       // a larger file, or member of one, is not looked at
  uint64_t scan_bytes = 400 << 20;       // of it and all its members together
  uint32_t files = 10'000, levels = 17;  // members, and in each other
  uint32_t seconds = 120;
};
// How libclamav tells that one of them was reached.
inline constexpr std::string_view kLimitReached = "Heuristics.Limits.Exceeded";
// The begin of what it says of what it cannot open without a password.
inline constexpr std::string_view kEncryptedAlert = "Heuristics.Encrypted.";

// What came of one file.
struct ScanAnswer {
  std::vector<std::string> names;     // what it was found to be; limits that were reached are among them
  std::string error;                  // of the engine, which did not come to an end; empty: it did
  bool is_out_of_room = false;        // the error is one of memory or temporary files
  std::vector<std::string> warnings;  // errors on the way that it went on after
  template <class A>
  void fields(A& a) {
    a(1, names), a(2, error), a(3, is_out_of_room), a(4, warnings);
  }
};

// The zygote's first word, when it has loaded everything.
struct ZygoteHello {
  std::string version;      // of the engine
  uint64_t signatures = 0;  // loaded
  std::string trouble;      // why it cannot work; empty: it can
  template <class A>
  void fields(A& a) {
    a(1, version), a(2, signatures), a(3, trouble);
  }
};

// From the agent. `worker` 0: a new one, with two files: its socket, and what it can read. Else: that one is
// to end.
struct ZygoteCall {
  int64_t worker = 0;
  template <class A>
  void fields(A& a) {
    a(1, worker);
  }
};

struct ZygoteAnswer {
  int64_t worker = 0;   // the new one; 0: there is none
  int64_t status = 0;   // as wait() gives it, of the one that ended
  std::string trouble;  // why there is none
  template <class A>
  void fields(A& a) {
    a(1, worker), a(2, status), a(3, trouble);
  }
};

}  // namespace rebus
