#include "tools/child.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <fstream>

#include "descriptor/escape.h"

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgot to say that it is C
}

namespace rebus {
namespace {

struct Pipe {
  int read = -1;
  int write = -1;
  // Only our end does not block.
  bool open() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read = ends[0];
    write = ends[1];
    return fcntl(read, F_SETFL, O_NONBLOCK) == 0;
  }
};

void close_fd(int fd) {
  if (fd >= 0) close(fd);
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> list;
  for (auto& word : words) list.push_back(word.data());
  list.push_back(nullptr);
  return list;
}

std::string name_of(const std::string& variable) { return variable.substr(0, variable.find('=') + 1); }

std::vector<std::string> environment_with(std::vector<std::string> variables) {
  const size_t own = variables.size();
  for (char** ours = environ; *ours != nullptr; ours++) {
    bool is_replaced = false;
    for (size_t i = 0; i < own; i++) is_replaced |= name_of(*ours) == name_of(variables[i]);
    if (!is_replaced) variables.emplace_back(*ours);
  }
  return variables;
}

// What of a child differs from us.
class SpawnPlan {
 public:
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    for (int number : {SIGPIPE, SIGXFSZ, SIGINT, SIGTERM}) sigaddset(&defaults, number);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &defaults);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  void redirect(int fd, int to) { posix_spawn_file_actions_adddup2(&actions_, to, fd); }
  // The child's number; -1 with errno.
  pid_t spawn(const ChildCall& call) {
    auto words = call.words;
    auto variables = environment_with(call.environment);
    pid_t pid = -1;
    errno = posix_spawn(&pid, words[0].c_str(), &actions_, &attributes_, pointers(words).data(),
                        pointers(variables).data());
    return errno == 0 ? pid : -1;
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// Of the kernel, since it runs, in any control group; 0 if it does not tell.
uint64_t memory_kills() {
  std::ifstream counters("/proc/vmstat");
  std::string name;
  for (uint64_t count = 0; counters >> name >> count;) {
    if (name == "oom_kill") return count;
  }
  return 0;
}

Error failed_to(const std::string& what) { return {Code::kUnavailable, what + ": " + std::strerror(errno)}; }

}  // namespace

std::string to_text(const Ending& ending) {
  if (ending.signal == 0) return "ended with exit code " + std::to_string(ending.code);
  std::string text =
      "was killed by signal " + std::to_string(ending.signal) + " (" + strsignal(ending.signal) + ")";
  return ending.lacked_memory ? text + " while the kernel killed for want of memory" : text;
}

ChildProcess::ChildProcess(pid_t pid, int err_fd, int out_fd)
    : pid_(pid),
      end_fd_(pidfd_open(pid, 0)),
      err_fd_(err_fd),
      out_fd_(out_fd),
      memory_kills_(memory_kills()) {}

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(const ChildCall& call) {
  SpawnPlan plan;
  Pipe err, out;
  int file = -1;
  if (!err.open() || (call.catches_stdout && !out.open())) return failed_to("making a pipe");
  if (!call.stdout_file.empty()) {
    file = open(call.stdout_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return failed_to("opening " + escape(call.stdout_file));
  }
  plan.redirect(STDERR_FILENO, err.write);
  if (out.write >= 0) plan.redirect(STDOUT_FILENO, out.write);
  if (file >= 0) plan.redirect(STDOUT_FILENO, file);
  pid_t pid = plan.spawn(call);
  const int error = errno;
  for (int fd : {err.write, out.write, file}) close_fd(fd);
  if (pid > 0) return std::unique_ptr<ChildProcess>(new ChildProcess(pid, err.read, out.read));
  for (int fd : {err.read, out.read}) close_fd(fd);
  errno = error;
  return failed_to("starting " + escape(call.words[0]));
}

ChildProcess::~ChildProcess() {
  if (!is_reaped_) {
    signal(SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  for (int fd : {end_fd_, err_fd_, out_fd_}) close_fd(fd);
}

std::string ChildProcess::read_some(int& fd) {
  std::array<char, 65536> buffer;
  if (fd < 0) return {};
  ssize_t size = read(fd, buffer.data(), buffer.size());
  if (size > 0) return {buffer.data(), static_cast<size_t>(size)};
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  close(fd);
  fd = -1;
  return {};
}

void ChildProcess::signal(int number) const {
  if (!is_reaped_) kill(pid_, number);
}

Ending ChildProcess::reap() {
  int status = 0;
  waitpid(pid_, &status, 0);
  is_reaped_ = true;
  if (!WIFSIGNALED(status)) return {0, WEXITSTATUS(status)};
  bool lacked_memory = WTERMSIG(status) == SIGKILL && memory_kills() > memory_kills_;
  return {WTERMSIG(status), 0, lacked_memory};
}

}  // namespace rebus
