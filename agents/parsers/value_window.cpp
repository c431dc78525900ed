#include "agents/parsers/value_window.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace rebus {
namespace {

// Of what is read here and there, members of a zip in another order, most would be for nothing.
constexpr uint64_t kFirstStride = 256 << 10;

}  // namespace

void ValueWindow::begin(uint64_t size) {
  size_ = size;
  whole_ = link_.take_file();
  begin_ = 0;
  count_ = whole_.get() >= 0 ? size : std::min(size, kWindow);
  stride_ = kFirstStride;
}

Result<size_t> ValueWindow::read_at(uint64_t offset, std::span<uint8_t> buffer) {
  if (offset >= size_ || buffer.empty()) return size_t{0};
  bool is_there = offset >= begin_ && offset - begin_ < count_;
  auto asked = is_there ? Result<void>() : ask(offset);
  if (!asked) return asked.error();
  const size_t size = std::min<uint64_t>(buffer.size(), begin_ + count_ - offset);
  const int file = whole_.get() >= 0 ? whole_.get() : file_;
  ssize_t count = 0;
  do count = pread(file, buffer.data(), size, static_cast<off_t>(offset - begin_));
  while (count < 0 && errno == EINTR);
  if (count <= 0) return Error{Code::kUnreadable, "cannot be read"};
  return static_cast<size_t>(count);
}

Result<void> ValueWindow::ask(uint64_t offset) {
  const bool goes_on = offset == begin_ + count_;
  stride_ = goes_on ? std::min(2 * stride_, kWindow) : kFirstStride;
  count_ = 0;
  auto asked = link_.say(ParserWord::kWant, Want{offset, std::min(stride_, size_ - offset)});
  while (asked) {
    auto frame = link_.receive();
    if (!frame) return frame.error();
    aside_(*frame);
    if (frame->word != ParserWord::kPart) continue;
    auto part = unpack<WindowPart>(frame->body);
    if (!part || part->size == 0) return Error{Code::kUnreadable, "cannot be read"};
    begin_ = offset;
    count_ = part->size;
    return {};
  }
  return asked;
}

}  // namespace rebus
