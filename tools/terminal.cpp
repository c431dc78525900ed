#include "tools/terminal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace rebus {
namespace {

constexpr std::chrono::milliseconds kProgressPause(100);

// After a failed write: interrupted, or a terminal that someone made non-blocking and that has room again.
bool may_go_on(int fd) {
  if (errno != EAGAIN) return errno == EINTR;
  pollfd waiting{fd, POLLOUT, 0};
  return poll(&waiting, 1, -1) >= 0 || errno == EINTR;
}

// 0, or the reason.
int write_whole(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && may_go_on(fd)) continue;
    if (written < 0) return errno;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return 0;
}

size_t terminal_width() {
  winsize size{};
  bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

}  // namespace

Terminal::Terminal(std::function<void()> on_closed)
    : on_closed_(std::move(on_closed)),
      shows_progress_(isatty(STDERR_FILENO) == 1),
      shares_screen_(isatty(STDOUT_FILENO) == 1) {}

Terminal::~Terminal() { clear_progress(); }

void Terminal::write(std::string_view bytes) {
  std::lock_guard lock(mutex_);
  if (closed_) return;
  if (int error = put(bytes); error != 0) close_output(error);
}

void Terminal::list(std::string_view bytes) {
  std::lock_guard lock(mutex_);
  if (closed_ || list_closed_) return;
  int error = put(bytes);
  list_closed_ = error == EPIPE;
  if (error != 0 && !list_closed_) close_output(error);
}

int Terminal::put(std::string_view bytes) {
  if (shares_screen_) clear_progress();
  return write_whole(STDOUT_FILENO, bytes);
}

void Terminal::close_output(int error) {
  closed_ = true;
  if (error != EPIPE) {
    failure_ =
        Error{Code::kStorage, std::string("standard output cannot be written: ") + std::strerror(error)};
  }
  on_closed_();
}

void Terminal::note(const std::string& line) {
  std::lock_guard lock(mutex_);
  clear_progress();
  write_whole(STDERR_FILENO, line + "\n");
}

void Terminal::progress(const std::string& line) {
  std::lock_guard lock(mutex_);
  auto now = std::chrono::steady_clock::now();
  if (!shows_progress_ || now < next_progress_) return;
  next_progress_ = now + kProgressPause;
  write_whole(STDERR_FILENO, "\r\x1b[K" + line.substr(0, terminal_width() - 1));
  progress_shown_ = true;
}

void Terminal::clear_progress() {
  if (!progress_shown_) return;
  write_whole(STDERR_FILENO, "\r\x1b[K");
  progress_shown_ = false;
}

void Terminal::input_failed() {
  std::lock_guard lock(mutex_);
  input_failed_ = true;
}

void Terminal::incomplete() {
  std::lock_guard lock(mutex_);
  incomplete_ = true;
}

void Terminal::submitted(SubmissionId submission) {
  std::lock_guard lock(mutex_);
  submissions_.push_back(submission);
}

bool Terminal::any_input_failed() const {
  std::lock_guard lock(mutex_);
  return input_failed_;
}

bool Terminal::is_incomplete() const {
  std::lock_guard lock(mutex_);
  return incomplete_;
}

std::vector<SubmissionId> Terminal::submissions() const {
  std::lock_guard lock(mutex_);
  return submissions_;
}

std::optional<Error> Terminal::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

}  // namespace rebus
