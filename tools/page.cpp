#include "tools/page.h"

#include <cerrno>
#include <csignal>
#include <cstdio>

#include "tools/exit_status.h"

namespace rebus {

int print_page(const std::string& text) {
  std::signal(SIGPIPE, SIG_IGN);
  bool is_written = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  if (is_written || errno == EPIPE) return ExitStatus::kComplete;
  std::perror("standard output");
  return ExitStatus::kUnavailable;
}

}  // namespace rebus
