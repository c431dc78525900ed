#include "agents/support/child_program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <sstream>

#include "agents/support/child_spawn.h"
#include "agents/support/sandbox/cell_order.h"
#include "agents/support/sandbox/sandbox_level.h"
#include "agents/support/sandbox/told_layers.h"
#include "descriptor/escape.h"
#include "descriptor/file_handle.h"
#include "descriptor/pack.h"

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgot to say that it is C
}

namespace rebus {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMaxErrors = 4096;  // bytes kept of standard error
constexpr const char* kCellProgram = "rebus_cell";
constexpr const char* kUsualPath = "/usr/bin:/bin";
constexpr std::chrono::seconds kPatience{90};  // to make a cell, and to kill what is in it, on a busy host

Error no_cell_program() {
  return {Code::kUnavailable,
          std::string("there is no ") + kCellProgram +
              ", which runs programs of others, beside rebus_agent or in $PATH: put it there"};
}

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

// rebus_cell at work; all that is in the cell is killed and gone when the destructor returns.
class RunningCell {
 public:
  struct Pipes {
    FileHandle control, out, err, trace;
  };
  RunningCell(pid_t pid, Pipes pipes) : pid_(pid), pipes_(std::move(pipes)) {}
  ~RunningCell() { end(); }
  RunningCell(const RunningCell&) = delete;
  RunningCell& operator=(const RunningCell&) = delete;

  // Until all has ended, and both outputs are read. `result` is what came out.
  Result<CellReport> wait(const ChildProgram& program, ChildEnd& result) {
    // It watches over the time itself; should it be stuck, it is killed, and the cell with it.
    auto deadline = Clock::now() + program.time + kPatience;
    std::array<pollfd, 4> polled{{{pipes_.out.get(), POLLIN, 0},
                                  {pipes_.err.get(), POLLIN, 0},
                                  {pipes_.trace.get(), POLLIN, 0},
                                  {pipes_.control.get(), POLLIN, 0}}};
    while (std::ranges::any_of(polled, [](const pollfd& each) { return each.fd >= 0; })) {
      auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (left <= 0) return Error{Code::kFailed, "rebus_cell does not answer and was killed"};
      poll(polled.data(), polled.size(), static_cast<int>(left));
      if (polled[0].revents != 0 && !take_output(program, result)) polled[0].fd = -1;
      if (polled[1].revents != 0 && !take(pipes_.err, result.err)) polled[1].fd = -1;
      if (polled[2].revents != 0 && !take_trace(program, result)) polled[2].fd = -1;
      if (polled[3].revents != 0 && !take(pipes_.control, report_)) polled[3].fd = -1;
      result.err.resize(std::min(result.err.size(), kMaxErrors));
    }
    end();
    if (taking_error_) return *taking_error_;
    return unpack<CellReport>(report_);
  }

 private:
  // False at the end.
  static bool take(const FileHandle& from, std::string& to) {
    std::array<char, 64 << 10> part{};
    ssize_t size = read(from.get(), part.data(), part.size());
    if (size < 0 && errno == EINTR) return true;
    if (size > 0) to.append(part.data(), static_cast<size_t>(size));
    return size > 0;
  }

  bool take_output(const ChildProgram& program, ChildEnd& result) {
    std::string part;
    if (!take(pipes_.out, part)) return false;
    const uint64_t room = program.most_output - taken_;
    if (part.size() > room) result.how = ChildEnd::How::kOutput;
    part.resize(std::min<uint64_t>(part.size(), room));
    taken_ += part.size();
    auto used = program.take_output ? program.take_output(part) : Result<void>();
    if (!program.take_output) result.out += part;
    if (used && result.how != ChildEnd::How::kOutput) return true;
    return stop(used, result);
  }

  bool take_trace(const ChildProgram& program, ChildEnd& result) {
    std::string part;
    if (!take(pipes_.trace, part)) return false;
    auto used = program.take_trace(part);
    return used ? true : stop(used, result);
  }

  // Nobody wants more: the cell ends.
  bool stop(const Result<void>& why, ChildEnd& result) {
    if (!why && why.error().code != Code::kLimit) taking_error_ = why.error();
    result.how = ChildEnd::How::kOutput;
    shutdown(pipes_.control.get(), SHUT_WR);
    return false;
  }

  void end() {
    if (pid_ <= 0) return;
    pipes_.control = FileHandle(-1);
    pollfd has_ended{pid_fd_.get(), POLLIN, 0};
    if (poll(&has_ended, 1, kPatience.count() * 1000) == 0) kill(-pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
    pid_ = 0;
  }

  pid_t pid_;
  FileHandle pid_fd_{pidfd_open(pid_, 0)};
  Pipes pipes_;
  uint64_t taken_ = 0;
  std::string report_;
  std::optional<Error> taking_error_;
};

CellOrder order_of(const ChildProgram& program) {
  CellOrder order{.level = program.is_ours ? SandboxLevel::kNone : sandbox_level(),
                  .memory = program.most_memory,
                  .scratch = program.most_scratch,
                  .processes = program.most_processes,
                  .time = static_cast<uint64_t>(program.time.count()),
                  .folders = program.folders,
                  .variables = program.variables,
                  .words = program.words,
                  .strace = program.strace,
                  .system = program.system,
                  .is_sample = program.is_sample};
  for (const ChildFile& file : program.files) order.inputs.push_back(file.name);
  // A sample is not told where its user has programs: there are names in it.
  const char* path = program.is_sample ? nullptr : std::getenv("PATH");
  order.variables.push_back(std::string("PATH=") + (path != nullptr ? path : kUsualPath));
  order.variables.push_back(std::string("HOME=") + kCellScratch);
  return order;
}

// One message each way.
struct ControlSocket {
  FileHandle ours{-1}, theirs{-1};
};
Result<ControlSocket> send_order(const CellOrder& order) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return Error{Code::kFailed, std::strerror(errno)};
  ControlSocket socket{FileHandle(ends[0]), FileHandle(ends[1])};
  std::string message = pack(order);
  if (message.size() > kMostCellOrder) return Error{Code::kLimit, "the command line is too long"};
  if (send(ends[0], message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
    return Error{Code::kFailed, std::strerror(errno)};
  return socket;
}

Error no_cell(const std::string& missing, const std::string& said) {
  std::string more = said.empty() ? "" : ": " + escape(said.substr(0, said.find('\n')));
  return {Code::kUnavailable, "programs of others run in a sandbox, and this host does not give its layer " +
                                  escape(missing) + more};
}

Result<ChildEnd> end_of(const ChildProgram& program, const CellReport& report, ChildEnd end) {
  using Word = CellReport::Word;
  if (report.word == Word::kNoCell) return no_cell(report.text, end.err);
  if (report.word == Word::kNotFound)
    return Error{Code::kNotFound, "there is no " + escape(program.words.front()) + " in the sandbox"};
  end.layers = report.layers;
  end.refused_processes = report.refused_processes;
  end.memory_kills = report.memory_kills;
  end.exit_code = report.word == Word::kExit     ? report.number
                  : report.word == Word::kSignal ? 128 + report.number
                                                 : 128 + SIGKILL;
  if (end.how == ChildEnd::How::kOutput) return end;
  if (report.word == Word::kSignal) end.how = ChildEnd::How::kSignal;
  if (report.word == Word::kTime) end.how = ChildEnd::How::kTime;
  if (report.word == Word::kLost) end.how = ChildEnd::How::kLost;
  if (report.word == Word::kMemory) end.how = ChildEnd::How::kMemory;
  return end;
}

}  // namespace

Result<ChildEnd> run_child(const ChildProgram& program, std::string_view input) {
  auto in = file_with(input);
  if (!in) return in.error();
  auto out = make_pipe(), err = make_pipe();
  if (!out || !err) return out ? err.error() : out.error();
  auto control = send_order(order_of(program));
  if (!control) return control.error();
  ChildFiles files{in->get(), out->write.get(), err->write.get(), {control->theirs.get()}};
  for (const ChildFile& file : program.files) files.more.push_back(file.fd);
  auto trace = program.strace.empty() ? Result<Pipe>(Pipe{}) : make_pipe();
  if (!trace) return trace.error();
  if (!program.strace.empty()) files.more.push_back(trace->write.get());
  auto pid = spawn_child({.words = {program_beside_us(kCellProgram)}, .most_memory = RLIM_INFINITY}, files);
  if (!pid) return pid.error().code == Code::kNotFound ? no_cell_program() : pid.error();
  out->write = FileHandle(-1);  // the child's alone: else its end is never seen
  err->write = FileHandle(-1);
  trace->write = FileHandle(-1);
  control->theirs = FileHandle(-1);
  ChildEnd end;
  RunningCell cell(
      *pid, {std::move(control->ours), std::move(out->read), std::move(err->read), std::move(trace->read)});
  auto report = cell.wait(program, end);
  return report ? end_of(program, *report, std::move(end)) : report.error();
}

Result<void> check_limits(const ChildProgram& program, const ChildEnd& end) {
  std::string what;
  if (end.how == ChildEnd::How::kLost)
    return Error{Code::kFailed, program.words.front() + " was killed from outside"};
  if (end.how == ChildEnd::How::kTime)
    what = "took more than " + std::to_string(program.time.count()) + " ms";
  if (end.how == ChildEnd::How::kOutput)
    what = "gave more than " + std::to_string(program.most_output) + " bytes";
  if (end.how == ChildEnd::How::kMemory)
    what = "wanted more than " + std::to_string(program.most_memory) + " bytes of memory";
  if (what.empty()) return {};
  return Error{Code::kLimit, program.words.front() + " " + what + " and was stopped"};
}

Result<ToldLayers> check_cell() {
  auto end = run_child({.words = {"true"}}, "");
  return end ? Result(told_cell(end->layers)) : end.error();
}

std::string program_beside_us(const std::string& name) {
  std::error_code ignored;
  auto beside = std::filesystem::read_symlink("/proc/self/exe", ignored).replace_filename(name);
  return access(beside.c_str(), X_OK) == 0 ? beside.string() : name;
}

bool is_installed(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : kUsualPath);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace rebus
