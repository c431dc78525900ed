#include "agents/support/child_program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "agents/support/child_spawn.h"
#include "descriptor/file_handle.h"

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgot to say that it is C
}

namespace rebus {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMaxErrors = 4096;  // bytes kept of standard error

struct Pipe {
  FileHandle read{-1}, write{-1};
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return Error{Code::kFailed, std::strerror(errno)};
  return Pipe{FileHandle(ends[0]), FileHandle(ends[1])};
}

// A file in memory: nobody has to write while the program runs.
Result<FileHandle> file_with(std::string_view bytes) {
  FileHandle file(memfd_create("input", MFD_CLOEXEC));
  while (!bytes.empty()) {
    ssize_t size = write(file.get(), bytes.data(), bytes.size());
    if (size <= 0) return Error{Code::kFailed, std::strerror(errno)};
    bytes.remove_prefix(static_cast<size_t>(size));
  }
  if (lseek(file.get(), 0, SEEK_SET) != 0) return Error{Code::kFailed, std::strerror(errno)};
  return file;
}

// A running program; killed with its group and waited for by the destructor.
class Child {
 public:
  Child(pid_t pid, Pipe out, Pipe err)
      : pid_(pid), pid_fd_(pidfd_open(pid, 0)), out_(std::move(out.read)), err_(std::move(err.read)) {}
  ~Child() { end(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Until it has ended and closed both outputs.
  Result<ChildEnd> wait(const ChildProgram& program) {
    auto deadline = Clock::now() + program.time;
    std::array<pollfd, 3> polled{
        {{out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}, {pid_fd_.get(), POLLIN, 0}}};
    while (polled[0].fd >= 0 || polled[1].fd >= 0 || polled[2].fd >= 0) {
      auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (left <= 0)
        return too_much(program, "took more than " + std::to_string(program.time.count()) + " ms");
      poll(polled.data(), polled.size(), static_cast<int>(left));
      if (polled[0].revents != 0 && !take(out_, result_.out)) polled[0].fd = -1;
      if (polled[1].revents != 0 && !take(err_, result_.err)) polled[1].fd = -1;
      if (polled[2].revents != 0) polled[2].fd = -1;
      result_.err.resize(std::min(result_.err.size(), kMaxErrors));
      if (result_.out.size() > program.most_output) {
        return too_much(program, "gave more than " + std::to_string(program.most_output) + " bytes");
      }
    }
    end();
    return std::move(result_);
  }

 private:
  static Error too_much(const ChildProgram& program, const std::string& what) {
    return {Code::kLimit, program.words.front() + " " + what + " and was stopped"};
  }

  // False at the end.
  static bool take(const FileHandle& from, std::string& to) {
    std::array<char, 64 << 10> part{};
    ssize_t size = read(from.get(), part.data(), part.size());
    if (size < 0 && errno == EINTR) return true;
    if (size > 0) to.append(part.data(), static_cast<size_t>(size));
    return size > 0;
  }

  void end() {
    if (pid_ <= 0) return;
    kill(-pid_, SIGKILL);
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
    result_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    pid_ = 0;
  }

  pid_t pid_;
  FileHandle pid_fd_, out_, err_;
  ChildEnd result_;
};

// For the case that this process dies before it.
void limit_time(pid_t pid, const ChildProgram& program) {
  auto seconds = static_cast<rlim_t>(program.time.count() / 1000 + 1);
  rlimit time{seconds, seconds};
  prlimit(pid, RLIMIT_CPU, &time, nullptr);
}

}  // namespace

Result<ChildEnd> run_child(const ChildProgram& program, std::string_view input) {
  auto in = file_with(input);
  if (!in) return in.error();
  auto out = make_pipe(), err = make_pipe();
  if (!out || !err) return out ? err.error() : out.error();
  auto pid = spawn_child(program, {in->get(), out->write.get(), err->write.get()});
  if (!pid) return pid.error();
  limit_time(*pid, program);
  out->write = FileHandle(-1);  // the child's alone: else its end is never seen
  err->write = FileHandle(-1);
  return Child(*pid, std::move(*out), std::move(*err)).wait(program);
}

std::string program_beside_us(const std::string& name) {
  std::error_code ignored;
  auto beside = std::filesystem::read_symlink("/proc/self/exe", ignored).replace_filename(name);
  return access(beside.c_str(), X_OK) == 0 ? beside.string() : name;
}

bool is_installed(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace rebus
