// LineScanner: the lines of a value, from its begin to its end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "descriptor/value.h"

namespace rebus {

// Holds a part of the value only.
class LineScanner {
 public:
  explicit LineScanner(Value value) : value_(std::move(value)) {}

  struct Line {
    uint64_t begin = 0, end = 0;  // in the value, with its end
    std::string_view text;        // without its end; of a line above 64 KiB a part. Valid until the next call
    bool is_begin = true;         // of a line
    size_t ending = 0;            // bytes of its end
  };
  Result<std::optional<Line>> next();
  // In the value, of the next line.
  uint64_t position() const { return buffer_begin_ + at_; }

 private:
  Result<void> fill();

  Value value_;
  std::string buffer_;
  uint64_t buffer_begin_ = 0;  // in the value
  size_t at_ = 0;              // in the buffer
  bool is_line_begin_ = true;
};

}  // namespace rebus
