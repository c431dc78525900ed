#include "agents/support/text_runs.h"

#include <algorithm>

namespace rebus {
namespace {

bool is_text(uint8_t byte) { return byte == '\t' || (byte >= 0x20 && byte < 0x7F); }

}  // namespace

Result<void> TextRuns::feed(Bytes bytes) {
  const uint8_t* at = bytes.data();
  const uint8_t* end = at + bytes.size();
  while (at != end) {
    const uint8_t* stop = std::find_if_not(at, end, is_text);
    auto extended = extend_run(as_text({at, stop}));
    if (!extended || stop == end) return extended;
    auto ended = end_run();
    if (!ended) return ended;
    at = std::find_if(stop, end, is_text);
  }
  return {};
}

Result<void> TextRuns::finish() { return end_run(); }

Result<void> TextRuns::extend_run(std::string_view piece) {
  if (!is_told_ && begin_.size() + piece.size() < kMinTextRun) {
    begin_ += piece;
    return {};
  }
  auto told = begin_.empty() ? Result<void>() : sink_(begin_);
  begin_.clear();
  is_told_ = true;
  return told ? sink_(piece) : told;
}

Result<void> TextRuns::end_run() {
  begin_.clear();
  if (!is_told_) return {};
  is_told_ = false;
  return sink_("\n");
}

}  // namespace rebus
