#include "agents/support/line_reader.h"

namespace rebus {

Result<void> LineReader::feed(Bytes bytes) {
  std::string_view rest = as_text(bytes);
  for (size_t end; (end = rest.find('\n')) != rest.npos; rest.remove_prefix(end + 1)) {
    extend(rest.substr(0, end));
    auto used = end_line();
    if (!used) return used;
  }
  if (!rest.empty()) extend(rest);
  return {};
}

Result<void> LineReader::finish() { return is_begun_ ? end_line() : Result<void>(); }

void LineReader::extend(std::string_view piece) {
  size_t room = kMaxLine - line_.size();
  line_ += piece.substr(0, room);
  is_cut_ = is_cut_ || piece.size() > room;
  is_begun_ = true;
}

Result<void> LineReader::end_line() {
  auto used = use_(line_, is_cut_);
  line_.clear();
  is_cut_ = is_begun_ = false;
  return used;
}

}  // namespace rebus
