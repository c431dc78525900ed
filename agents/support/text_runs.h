// TextRuns: the printable strings in bytes, as `strings -a -n 10` of GNU binutils prints them.
#pragma once

#include <functional>
#include <string>

#include "descriptor/digest.h"

namespace rebus {

// Shorter runs are not told.
inline constexpr size_t kMinTextRun = 10;

// Takes bytes in pieces of any size and gives the lines in pieces of any size; holds nothing but the begin of
// a run. A run is 7-bit ASCII from space to ~, and tabs; every one of at least kMinTextRun bytes gives a
// line.
class TextRuns {
 public:
  using Sink = std::function<Result<void>(std::string_view)>;
  explicit TextRuns(Sink sink) : sink_(std::move(sink)) {}
  Result<void> feed(Bytes bytes);
  // Ends the last run.
  Result<void> finish();

 private:
  Result<void> extend_run(std::string_view piece);
  Result<void> end_run();

  Sink sink_;
  std::string begin_;     // of the run, until it is long enough
  bool is_told_ = false;  // the run is long enough: what follows goes to the sink at once
};

}  // namespace rebus
