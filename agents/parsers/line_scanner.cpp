#include "agents/parsers/line_scanner.h"

#include <utility>

namespace rebus {
namespace {

constexpr size_t kBuffer = 256 << 10;
constexpr size_t kMostLine = 64 << 10;  // looked at as one

}  // namespace

// Behind what is not used yet.
Result<void> LineScanner::fill() {
  buffer_.erase(0, at_);
  buffer_begin_ += std::exchange(at_, 0);
  const size_t kept = buffer_.size();
  buffer_.resize(kBuffer);
  auto count = value_.read_at(buffer_begin_ + kept,
                              {reinterpret_cast<uint8_t*>(buffer_.data()) + kept, kBuffer - kept});
  buffer_.resize(kept + (count ? *count : 0));
  return count ? Result<void>() : count.error();
}

Result<std::optional<LineScanner::Line>> LineScanner::next() {
  bool may_be_cut = buffer_.find('\n', at_) == buffer_.npos || buffer_.size() - at_ < kMostLine;
  bool has_more = buffer_begin_ + buffer_.size() < value_.size();
  if (may_be_cut && has_more) {
    auto filled = fill();
    if (!filled) return filled.error();
  }
  if (at_ == buffer_.size()) return std::optional<Line>();
  std::string_view rest = std::string_view(buffer_).substr(at_);
  size_t end = rest.substr(0, kMostLine).find('\n');
  Line line;
  line.is_begin = is_line_begin_;
  is_line_begin_ = end != rest.npos;
  line.text = rest.substr(0, end != rest.npos ? end : kMostLine);
  size_t size = line.text.size() + (end != rest.npos ? 1 : 0);
  if (line.text.ends_with('\r')) line.text.remove_suffix(1);
  line.ending = size - line.text.size();
  line.begin = buffer_begin_ + at_;
  line.end = line.begin + size;
  at_ += size;
  return std::optional(line);
}

}  // namespace rebus
