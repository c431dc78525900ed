#include "tools/screen.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace rebus {
namespace {

// A pipe that is writable has room for so much.
constexpr size_t kPiece = 4096;

winsize terminal_size() {
  winsize size{};
  bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
  if (!known) size = {24, 80, 0, 0};
  return size;
}

// Columns that a line takes: characters, not bytes. Wide ones do not occur in the view.
size_t columns_of(const std::string& line) {
  return static_cast<size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string cut_to(const std::string& line, size_t columns) {
  size_t end = 0;
  for (size_t seen = 0; end < line.size(); end++) {
    bool begins = (line[end] & 0xC0) != 0x80;
    if (begins && seen++ == columns) break;
  }
  return line.substr(0, end);
}

bool is_writable(int fd, int timeout) {
  pollfd waiting{fd, POLLOUT, 0};
  return poll(&waiting, 1, timeout) > 0;
}

// A job in the background must not paint over what somebody types.
bool is_in_foreground() {
  pid_t group = tcgetpgrp(STDERR_FILENO);
  return group < 0 || group == getpgrp();
}

}  // namespace

Screen::Screen() : has_view_(isatty(STDERR_FILENO) == 1), shares_output_(isatty(STDOUT_FILENO) == 1) {}

void Screen::line(const std::string& text) {
  if (waiting_.size() > kMost) {
    dropped_++;
    return;
  }
  std::string lost;
  if (dropped_ > 0) lost = "rebus_infra: " + std::to_string(dropped_) + " lines were not written in time\n";
  dropped_ = 0;
  add(lost + text + "\n");
}

// Both are the same terminal here.
void Screen::print(std::string_view lines) { add(lines); }

void Screen::add(std::string_view text) {
  if (is_broken_) return;
  if (view_.empty()) {
    waiting_ += text;
    return;
  }
  waiting_ += back_to_view_start() + "\x1b[J" + std::string(text) + painted_view();
}

// When the terminal has become narrower since, it has broken the lines of the view.
std::string Screen::back_to_view_start() const {
  if (view_.empty()) return {};
  const size_t width = terminal_size().ws_col;
  size_t rows = 0;
  for (const auto& line : view_) {
    size_t columns = std::min(columns_of(line), painted_columns_);
    rows += std::max<size_t>(1, (columns + width - 1) / width);
  }
  return "\r\x1b[" + std::to_string(rows) + "A";
}

std::string Screen::painted_view() {
  const winsize size = terminal_size();
  view_.resize(std::min<size_t>(view_.size(), size.ws_row - 1u));
  painted_columns_ = size.ws_col - 1u;
  std::string painted;
  for (auto& line : view_) {
    line = cut_to(line, painted_columns_);
    painted += line + "\x1b[K\n";
  }
  return painted;
}

// In one piece, line over line, so that nothing flickers; while the last one is not written, none.
void Screen::show(const std::vector<std::string>& view) {
  if (!has_view_ || is_broken_ || has_to_write()) return;
  if (!is_in_foreground()) {
    view_.clear();
    return;
  }
  std::string back = back_to_view_start();
  view_ = view;
  waiting_ += back + painted_view() + "\x1b[J";
}

void Screen::write_some() {
  while (has_to_write() && is_writable(STDERR_FILENO, 0)) {
    ssize_t written = write(STDERR_FILENO, waiting_.data(), std::min(waiting_.size(), kPiece));
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (written < 0) {
      is_broken_ = true;
      waiting_.clear();
      return;
    }
    waiting_.erase(0, static_cast<size_t>(written));
  }
}

void Screen::finish(std::chrono::milliseconds patience) {
  if (!view_.empty()) waiting_ += back_to_view_start() + "\x1b[J";
  view_.clear();
  const auto end = std::chrono::steady_clock::now() + patience;
  for (auto left = patience; has_to_write() && left.count() > 0;
       left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now())) {
    if (is_writable(STDERR_FILENO, static_cast<int>(left.count()))) write_some();
  }
}

}  // namespace rebus
