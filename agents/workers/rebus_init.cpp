// rebus_init: the first process of a cell. It bounds what the program may use, runs it, waits for it, and
// says what became of it (agents/support/sandbox/init_report.h).
//
//   rebus_init must|may|none MEMORY SCRATCH PROCESSES tool|sample WORD…
//
// Whether Landlock must be, none: there is no cell; bytes; 0 processes: not bounded. A sample has ended when
// all that it left behind has, and may use TCP in the network namespace that it is in. Linked statically:
// this runs where no library is.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

#include "agents/support/child_program.h"
#include "agents/support/sandbox/init_report.h"
#include "agents/support/sandbox/landlock.h"

namespace rebus {
namespace {

constexpr rlim_t kOpenFiles = 1024, kLocked = 64 << 10;

void say(const char* word, const std::string& rest = "") {
  std::string line = std::string(word) + " " + rest + "\n";
  [[maybe_unused]] ssize_t ignored = write(kInitReport, line.data(), line.size());
}

[[noreturn]] void give_up(const std::string& missing) {
  say(kInitMissing, missing + " (" + std::strerror(errno) + ")");
  _exit(1);
}

void limit(__rlimit_resource what, rlim_t most) {
  rlimit both{most, most};
  if (setrlimit(what, &both) != 0) give_up("limits");
}

struct Orders {
  std::string landlock;
  rlim_t memory, scratch, processes;
  bool is_sample;
  char** words;
};

void enter_limits(const Orders& orders) {
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_AS, orders.memory);
  limit(RLIMIT_FSIZE, orders.scratch);
  limit(RLIMIT_NOFILE, kOpenFiles);
  limit(RLIMIT_MEMLOCK, kLocked);
  limit(RLIMIT_MSGQUEUE, 0);
  if (orders.processes > 0) limit(RLIMIT_NPROC, orders.processes);
}

void enter_rules(const Orders& orders) {
  if (orders.landlock == "none") return;
  auto layer =
      enter_landlock({.readable = {"/"}, .writable = {kCellScratch, "/dev"}, .tcp = orders.is_sample});
  if (layer) return say(kInitLandlock, *layer);
  if (orders.landlock == "must") give_up("landlock");
}

// In the child. Nothing is left open but the three.
[[noreturn]] void become_program(const Orders& orders) {
  enter_limits(orders);
  enter_rules(orders);
  fcntl(kInitReport, F_SETFD, FD_CLOEXEC);
  // With a path no shell is tried on what cannot be executed.
  bool is_path = std::strchr(orders.words[0], '/') != nullptr;
  is_path ? execv(orders.words[0], orders.words) : execvp(orders.words[0], orders.words);
  say(kInitNotFound);
  _exit(127);
}

void say_end(int status) {
  if (WIFSIGNALED(status)) {
    say(kInitSignal, std::to_string(WTERMSIG(status)));
  } else {
    say(kInitExit, std::to_string(WEXITSTATUS(status)));
  }
}

// What loses its parent becomes this one's child.
void wait_for(pid_t program, bool is_sample) {
  bool has_ended = false;
  while (!has_ended || is_sample) {
    int status = 0;
    pid_t ended = waitpid(-1, &status, 0);
    if (ended < 0 && errno != EINTR) return;
    if (ended == program) say_end(status);
    has_ended = has_ended || ended == program;
  }
}

int run(const Orders& orders) {
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // what it has open is nobody's business
  if (orders.landlock != "none") close_range(kInitReport + 1, ~0U, 0);
  pid_t program = fork();
  if (program < 0) give_up("limits");
  if (program == 0) become_program(orders);
  say(kInitStarted);
  wait_for(program, orders.is_sample);
  say(kInitDone);
  return 0;
}

}  // namespace
}  // namespace rebus

int main(int count, char** words) {
  constexpr int kUsage = 2, kFirstWord = 6;
  if (count <= kFirstWord) return kUsage;
  auto number = [&](int index) { return std::strtoull(words[index], nullptr, 10); };
  return rebus::run(
      {words[1], number(2), number(3), number(4), std::strcmp(words[5], "sample") == 0, words + kFirstWord});
}
