#include "tools/signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "tools/exit_status.h"

namespace rebus {
namespace {

int block_and_open() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // `ulimit -f`: writing fails then, and is told
  sigset_t stopping;
  sigemptyset(&stopping);
  sigaddset(&stopping, SIGINT);
  sigaddset(&stopping, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stopping, nullptr);
  return signalfd(-1, &stopping, SFD_CLOEXEC);
}

// False when it is time to end the watching.
bool wait_for_signal(int signals_fd, int end_fd) {
  std::array<pollfd, 2> waiting = {{{signals_fd, POLLIN, 0}, {end_fd, POLLIN, 0}}};
  while (poll(waiting.data(), waiting.size(), -1) < 0) {
  }
  if (waiting[1].revents != 0) return false;
  signalfd_siginfo signal{};
  return read(signals_fd, &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal);
}

}  // namespace

Signals::Signals(std::function<bool()> on_stop)
    : on_stop_(std::move(on_stop)),
      signals_fd_(block_and_open()),
      end_fd_(eventfd(0, EFD_CLOEXEC)),
      thread_([this] { watch(); }) {}

Signals::~Signals() {
  eventfd_write(end_fd_, 1);
  thread_.join();
  close(signals_fd_);
  close(end_fd_);
}

void Signals::watch() {
  if (!wait_for_signal(signals_fd_, end_fd_)) return;
  const auto first = std::chrono::steady_clock::now();
  for (bool stops = on_stop_(); stops; stops = std::chrono::steady_clock::now() - first < kSameWish) {
    if (!wait_for_signal(signals_fd_, end_fd_)) return;
  }
  _exit(ExitStatus::kInterrupted);
}

}  // namespace rebus
