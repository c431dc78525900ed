#include "agents/support/child_spawn.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "descriptor/escape.h"
#include "descriptor/file_handle.h"

namespace rebus {
namespace {

constexpr int kOutOfTheWay = 64;

std::string variable(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return std::string(name) + "=" + (value != nullptr ? value : fallback);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (auto& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

// What the child is given instead of what this process has.
class SpawnSetup {
 public:
  explicit SpawnSetup(const ChildFiles& files) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, files.in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, files.out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, files.err, STDERR_FILENO);
    // Copies out of the way of the numbers that they are to have.
    for (int fd : files.more) copies_.emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, kOutOfTheWay));
    int next = STDERR_FILENO + 1;
    for (const FileHandle& copy : copies_) posix_spawn_file_actions_adddup2(&actions_, copy.get(), next++);
    posix_spawn_file_actions_addclosefrom_np(&actions_, next);
    posix_spawnattr_init(&attributes_);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;

  // Gives an error number, or 0.
  int spawn(const ChildProgram& program, pid_t& pid) const {
    std::vector<std::string> words = program.words, variables = program.variables;
    variables.push_back(variable("PATH", "/usr/bin:/bin"));
    variables.push_back(variable("HOME", "/"));
    return posix_spawnp(&pid, words.front().c_str(), &actions_, &attributes_, pointers(words).data(),
                        pointers(variables).data());
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
  std::vector<FileHandle> copies_;
};

}  // namespace

Result<pid_t> spawn_child(const ChildProgram& program, const ChildFiles& files) {
  pid_t pid = 0;
  int error = SpawnSetup(files).spawn(program, pid);
  if (error != 0) {
    return Error{error == ENOENT ? Code::kNotFound : Code::kFailed,
                 "cannot start " + escape(program.words.front()) + ": " + std::strerror(error)};
  }
  rlimit memory{program.most_memory, program.most_memory};
  prlimit(pid, RLIMIT_AS, &memory, nullptr);
  return pid;
}

}  // namespace rebus
