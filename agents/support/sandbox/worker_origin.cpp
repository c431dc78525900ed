#include "agents/support/sandbox/worker_origin.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "agents/parsers/parser_messages.h"
#include "agents/support/child_spawn.h"
#include "agents/support/sandbox/sandbox_level.h"
#include "descriptor/file_handle.h"

namespace rebus {
namespace {

std::vector<std::string> variables_of_libraries() {
  const char* magic = std::getenv("MAGIC");
  return magic != nullptr ? std::vector{std::string("MAGIC=") + magic} : std::vector<std::string>();
}

class ProgramOrigin final : public WorkerOrigin {
 public:
  ProgramOrigin(std::string program, std::vector<std::string> words, int more)
      : program_(std::move(program)), words_(std::move(words)), more_(more) {}

  std::string name() const override { return program_ + " " + words_.front(); }

  Result<pid_t> start(int socket, int file) override {
    FileHandle nowhere(open("/dev/null", O_RDWR | O_CLOEXEC));
    if (nowhere.get() < 0) return Error{Code::kFailed, program_ + ": " + std::strerror(errno)};
    ChildProgram program{.words = {program_beside_us(program_)},
                         .variables = variables_of_libraries(),
                         .most_memory = RLIM_INFINITY};  // it limits itself
    program.words.insert(program.words.end(), words_.begin(), words_.end());
    auto or_nothing = [&](int fd) { return fd >= 0 ? fd : nowhere.get(); };
    auto pid = spawn_child(program, {socket, or_nothing(file), or_nothing(more_)});
    return !pid && pid.error().code == Code::kNotFound ? worker_not_installed(program_) : pid;
  }

  int end(pid_t worker) override {
    kill(-worker, SIGKILL);
    return wait_for_end(worker);
  }

 private:
  const std::string program_;
  const std::vector<std::string> words_;
  const int more_;
};

}  // namespace

std::shared_ptr<WorkerOrigin> worker_program(std::string program, std::string work) {
  return worker_program(std::move(program), {std::move(work), sandbox_level_name(sandbox_level())}, -1);
}

std::shared_ptr<WorkerOrigin> worker_program(std::string program, std::vector<std::string> words, int more) {
  return std::make_shared<ProgramOrigin>(std::move(program), std::move(words), more);
}

Error worker_not_installed(const std::string& program) {
  return {Code::kUnavailable,
          "there is no " + program +
              ", in which files are looked at, beside rebus_agent or in $PATH: put it there"};
}

int wait_for_end(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return status;
}

std::string how_it_ended(int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == kWorkerOutOfMemory)
    return "wanted more memory than it may have";
  if (!WIFSIGNALED(status)) return "ended with exit code " + std::to_string(WEXITSTATUS(status));
  if (WTERMSIG(status) == SIGSYS) return "was ended by its sandbox, because it did what no parser does";
  return "was killed by signal " + std::to_string(WTERMSIG(status)) + " (" + strsignal(WTERMSIG(status)) +
         ")";
}

}  // namespace rebus
