// LineReader: the lines of a text that comes in pieces.
#pragma once

#include <functional>
#include <string>

#include "descriptor/digest.h"

namespace rebus {

// Longer lines are given by their begin, in bytes.
inline constexpr size_t kMaxLine = 64 << 10;

// Holds one line at most. A last line without a newline counts.
class LineReader {
 public:
  // `is_cut`: the line is longer than what is given.
  using Use = std::function<Result<void>(std::string_view line, bool is_cut)>;
  explicit LineReader(Use use) : use_(std::move(use)) {}
  Result<void> feed(Bytes bytes);
  Result<void> finish();

 private:
  void extend(std::string_view piece);
  Result<void> end_line();

  Use use_;
  std::string line_;
  bool is_cut_ = false, is_begun_ = false;
};

}  // namespace rebus
