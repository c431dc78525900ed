#include "tools/bound_exec.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tools/exit_status.h"

namespace rebus {
namespace {

constexpr const char* kWord = "--run-bound-to";
constexpr int kProgram = 3;  // argv: rebus_infra, kWord, the parent's number, the program, …

}  // namespace

std::vector<std::string> bound_to_us(const std::string& launcher, std::vector<std::string> words) {
  words.insert(words.begin(), {launcher, kWord, std::to_string(getpid())});
  return words;
}

bool is_bound_call(int argc, const char* const* argv) {
  return argc > kProgram && std::strcmp(argv[1], kWord) == 0;
}

int run_bound(char** argv) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // A parent that died before that sends no signal any more.
  if (getppid() != std::atoi(argv[2])) return ExitStatus::kUnavailable;
  std::signal(SIGTTOU, SIG_IGN);  // in the background of its terminal it may still print
  execv(argv[kProgram], argv + kProgram);
  std::perror(argv[kProgram]);
  return ExitStatus::kUnavailable;
}

}  // namespace rebus
