// StoredState: all that a closed store holds and that no order of events may change.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace rebus {

struct StoredState {
  // Descriptors with precursors and digest of the value, origins, and how each task ended; but for what
  // differs from run to run: submissions, and what clock tells.
  std::set<std::string> lines;
  // Values that cannot be read or are not what their digest says, files without exactly one reading of each
  // of clock's two.
  std::vector<std::string> faults;
  std::set<std::string> injected;  // names of injected files
  uint64_t quarantined = 0;        // tasks

  static StoredState read(const std::string& path);
};

// What only one of them has, at most ten lines; nothing if they are equal.
std::string difference(const StoredState& found, const StoredState& expected);

}  // namespace rebus
