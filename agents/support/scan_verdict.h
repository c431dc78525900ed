// ScanVerdict: what an antivirus engine's answer about a file means.
#pragma once

#include <string>
#include <vector>

#include "agents/parsers/scan_messages.h"

namespace rebus {

// Clean is only what was looked at whole.
struct ScanVerdict {
  std::string verdict;                  // "found", "partial", "encrypted", "error" or "clean"
  std::vector<std::string> signatures;  // of what was found, sorted
  std::vector<std::string> limits;      // that were reached: "MaxRecursion"; "warning": see the reason
  std::string reason;  // for people, if it is not clean or there is more to say; hostile text

  // All that it has not seen is what it could not open: something encrypted, or packed in a way that it does
  // not know. Whoever can open that may have it looked at.
  bool is_unopened = false;

  bool is_incomplete() const { return !limits.empty() || verdict == "error"; }
};

ScanVerdict verdict_of(const ScanAnswer& answer);

}  // namespace rebus
