// LineBuffer: lines out of a stream of bytes.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace rebus {

class LineBuffer {
 public:
  // Longer lines come in several parts.
  static constexpr size_t kLongest = 4096;

  // Lines come without their newline.
  template <class OnLine>
  void add(std::string_view bytes, OnLine on_line) {
    for (char c : bytes) {
      if (c != '\n') rest_ += c;
      if (c == '\n' || rest_.size() == kLongest) flush(on_line, c == '\n');
    }
  }
  // What has no newline yet.
  template <class OnLine>
  void end(OnLine on_line) {
    flush(on_line, false);
  }

 private:
  template <class OnLine>
  void flush(OnLine& on_line, bool even_if_empty) {
    if (even_if_empty || !rest_.empty()) on_line(rest_);
    rest_.clear();
  }

  std::string rest_;
};

}  // namespace rebus
