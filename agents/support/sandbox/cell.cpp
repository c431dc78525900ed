#include "agents/support/sandbox/cell.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "agents/support/child_program.h"
#include "agents/support/sandbox/bubblewrap.h"
#include "agents/support/sandbox/cgroup.h"
#include "agents/support/sandbox/init_report.h"
#include "agents/support/sandbox/program_calls.h"
#include "agents/support/sandbox/unprivileged_user.h"
#include "descriptor/file_handle.h"
#include "descriptor/pack.h"

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgot to say that it is C
}

namespace rebus {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Word = CellReport::Word;

constexpr size_t kMostReport = 4096;            // bytes that rebus_init says
constexpr std::chrono::seconds kPatience{60};   // with a busy host, until the program begins
constexpr const char* kNotThere = "not-there";  // what is started first

std::string init_path() { return fs::read_symlink("/proc/self/exe").replace_filename("rebus_init"); }

class Cell {
 public:
  explicit Cell(CellOrder order) : order_(std::move(order)) {}

  CellReport run() {
    auto ready = order_.level == SandboxLevel::kNone ? prepare_without() : prepare();
    if (!ready) return {.word = Word::kNoCell, .text = ready.error().message};
    auto started = start();
    if (!started) return {.word = Word::kNoCell, .text = started.error().message};
    Word end = wait();
    end_all(end);
    return report(end);
  }
  ~Cell() {
    std::error_code ignored;
    if (!folder_.empty()) fs::remove_all(folder_, ignored);
  }

 private:
  bool is_strict() const { return order_.level == SandboxLevel::kStrict; }

  Result<void> prepare() {
    auto filter = program_filter();
    if (!filter) return filter.error();
    filter_ = *std::move(filter);
    init_ = FileHandle(open(init_path().c_str(), O_RDONLY | O_CLOEXEC));
    if (init_.get() < 0) return Error{Code::kUnavailable, "there is no " + init_path()};
    auto cgroup = make_cgroup();
    if (is_strict() && !cgroup) return cgroup.error();
    words_ = bubblewrap_words(order_, {init_.get(), filter_.get()}, init_words());
    if (is_traced()) add_strace();
    return {};
  }

  // An error names the layer; it is a flaw only if it must be there.
  Result<void> make_cgroup() {
    auto cgroup = Cgroup::make({order_.memory + order_.scratch + input_bytes(), order_.processes});
    if (!cgroup) return Error{Code::kUnavailable, "cgroup (" + cgroup.error().message + ")"};
    cgroup_.emplace(*std::move(cgroup));
    if (cgroup_->bounds_all()) return {};
    return Error{Code::kUnavailable, "cgroup (only " + cgroup_->layer() + ")"};
  }

  bool is_traced() const { return !order_.strace.empty(); }
  int trace() const { return kFirstCellInput + static_cast<int>(order_.inputs.size()); }
  // It opens the pipe anew, so that nothing that it starts has it; of root it is another user who does that.
  void add_strace() {
    if (geteuid() == 0 && fchown(trace(), kNobody, kNobody) != 0) return;
    std::vector<std::string> words = {"strace"};
    words.insert(words.end(), order_.strace.begin(), order_.strace.end());
    words.insert(words.end(), {"-o", "/proc/self/fd/" + std::to_string(trace())});
    words_.insert(words_.begin(), words.begin(), words.end());
  }

  // Without any of it: a folder of its own, and files that it could as well find elsewhere.
  Result<void> prepare_without() {
    std::string folder = fs::temp_directory_path() / "rebus-program-XXXXXX";
    if (mkdtemp(folder.data()) == nullptr)
      return Error{Code::kUnavailable, "a scratch folder: " + std::string(std::strerror(errno))};
    folder_ = folder;
    for (std::string& word : order_.words) {
      for (size_t i = 0; i < order_.inputs.size(); i++) {
        if (word == std::string(kCellInputs) + "/" + order_.inputs[i])
          word = "/proc/self/fd/" + std::to_string(kFirstCellInput + i);
      }
    }
    words_ = init_words();
    words_.insert(words_.begin(), init_path());
    return {};
  }

  // They are copied into the cell.
  uint64_t input_bytes() const {
    uint64_t sum = 0;
    for (size_t i = 0; i < order_.inputs.size(); i++) {
      off_t size = lseek(kFirstCellInput + static_cast<int>(i), 0, SEEK_END);
      lseek(kFirstCellInput + static_cast<int>(i), 0, SEEK_SET);
      sum += size > 0 ? static_cast<uint64_t>(size) : 0;
    }
    return sum;
  }

  std::vector<std::string> init_words() const {
    bool is_in_cell = order_.level != SandboxLevel::kNone;
    std::vector<std::string> words = {is_in_cell ? is_strict() ? "must" : "may" : "none",
                                      std::to_string(order_.memory), std::to_string(order_.scratch),
                                      std::to_string(is_in_cell ? order_.processes : 0),
                                      order_.is_sample ? "sample" : "tool"};
    words.insert(words.end(), order_.words.begin(), order_.words.end());
    return words;
  }

  Result<void> start() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return Error{Code::kUnavailable, std::strerror(errno)};
    init_says_ = FileHandle(ends[0]);
    FileHandle init_end(ends[1]);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);  // whose parent dies is given to this process
    pid_t own = getpid();
    child_ = fork();
    if (child_ < 0) return Error{Code::kUnavailable, std::strerror(errno)};
    if (child_ == 0) become_program(own, init_end.get());
    child_end_ = FileHandle(pidfd_open(child_, 0));
    FileHandle nowhere(open("/dev/null", O_RDWR | O_CLOEXEC));
    for (int own_copy : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(nowhere.get(), own_copy);
    if (is_traced()) dup2(nowhere.get(), trace());
    return {};
  }

  // In the child.
  [[noreturn]] void become_program(pid_t parent, int init_end) const {
    auto done = cgroup_ ? cgroup_->join() : Result<void>();
    if (done && order_.level != SandboxLevel::kNone) done = stop_being_root();
    if (done && order_.level != SandboxLevel::kNone && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
      done = Error{Code::kUnavailable, "privileges (no_new_privs)"};
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent) _exit(1);
    dup2(init_end, kInitReport);
    keep_open(init_.get());
    keep_open(filter_.get());
    if (!folder_.empty() && chdir(folder_.c_str()) != 0) _exit(1);
    if (order_.level == SandboxLevel::kNone) {
      for (const std::string& variable : order_.variables) putenv(const_cast<char*>(variable.c_str()));
    }
    std::vector<char*> words;
    for (const std::string& word : words_) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    if (done) execvp(words[0], words.data());
    say_missing(done ? kNotThere : done.error().message);
    _exit(1);
  }
  static void keep_open(int fd) {
    if (fd >= 0) fcntl(fd, F_SETFD, 0);
  }
  static void say_missing(const std::string& what) {
    std::string line = std::string(kInitMissing) + " " + what + "\n";
    [[maybe_unused]] ssize_t ignored = write(kInitReport, line.data(), line.size());
  }

  // Until it has ended, its time is over, or nobody wants it.
  Word wait() {
    auto deadline = Clock::now() + kPatience;  // for the cell; then for the program
    bool has_started = false;
    std::array<pollfd, 3> polled{
        {{kCellControl, POLLIN, 0}, {init_says_.get(), POLLIN, 0}, {child_end_.get(), POLLIN, 0}}};
    while (polled[2].fd >= 0) {  // with it all in the cell ends
      auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (left <= 0) return has_started ? Word::kTime : Word::kExit;
      poll(polled.data(), polled.size(), static_cast<int>(std::min<int64_t>(left, 1 << 30)));
      if (polled[0].revents != 0) return Word::kStopped;
      if (polled[1].revents != 0 && !listen()) polled[1].fd = -1;
      if (!has_started && InitReport::of_text(said_).has_started) {
        has_started = true;
        deadline = Clock::now() + std::chrono::milliseconds(order_.time);
      }
      if (polled[2].revents != 0) polled[2].fd = -1;
    }
    return Word::kExit;
  }

  // False at the end.
  bool listen() {
    std::array<char, kMostReport> part{};
    ssize_t size = read(init_says_.get(), part.data(), part.size());
    if (size > 0 && said_.size() < kMostReport) said_.append(part.data(), static_cast<size_t>(size));
    return size > 0;
  }

  static void kill_children(pid_t parent) {
    std::string number = std::to_string(parent);
    std::ifstream list("/proc/" + number + "/task/" + number + "/children");
    for (pid_t pid = 0; list >> pid;) kill(pid, SIGKILL);
  }

  // Children, theirs when they are dead, and so on. strace may first write how they ended, to who reads it.
  void end_all(Word end) const {
    constexpr int kLastWords = 2000;  // ms
    if (is_traced() && end != Word::kStopped) {
      kill_children(child_);
      pollfd has_ended{child_end_.get(), POLLIN, 0};
      poll(&has_ended, 1, kLastWords);
    }
    do {
      kill_children(getpid());
    } while (waitpid(-1, nullptr, 0) > 0 || errno == EINTR);
  }

  CellReport report(Word end) {
    while (listen()) continue;
    InitReport init = InitReport::of_text(said_);
    CellReport report{.word = end};
    if (cgroup_) report.refused_processes = cgroup_->refused_processes();
    if (cgroup_) report.memory_kills = cgroup_->memory_kills();
    if (!init.has_started && end == Word::kExit) return not_started(init, std::move(report));
    report.layers = layers(init);
    if (end != Word::kExit) return report;
    report.word = !init.is_done ? Word::kLost : init.is_signal ? Word::kSignal : Word::kExit;
    report.number = init.number;
    bool is_good = report.word == Word::kExit && report.number == 0;
    if (!is_good && report.memory_kills > 0) report.word = Word::kMemory;
    return report;
  }

  CellReport not_started(const InitReport& init, CellReport report) const {
    report.word = init.is_not_found ? Word::kNotFound : Word::kNoCell;
    report.text = init.missing;
    const char* program = is_traced() ? "strace" : "bwrap";
    if (init.missing == kNotThere)
      report.text = std::string("namespaces (there is no ") + program + " in $PATH: apt-get install " +
                    (is_traced() ? "strace" : "bubblewrap") + ")";
    if (init.missing.empty())
      report.text = is_traced() ? "namespaces (strace cannot trace what bubblewrap makes)"
                                : "namespaces (bubblewrap cannot make them)";
    return report;
  }

  std::vector<std::string> layers(const InitReport& init) const {
    if (order_.level == SandboxLevel::kNone) return {};
    std::vector<std::string> all = {"namespaces", "privileges", "limits", "seccomp"};
    if (!init.landlock.empty()) all.push_back(init.landlock);
    if (cgroup_) all.push_back(cgroup_->layer());
    return all;
  }

  CellOrder order_;
  std::vector<std::string> words_;
  FileHandle filter_{-1}, init_{-1}, init_says_{-1}, child_end_{-1};
  std::optional<Cgroup> cgroup_;
  std::string folder_;  // of the level none
  pid_t child_ = 0;
  std::string said_;
};

// Whatever is not passed on is closed in what it starts.
void keep_control_to_ourselves() { fcntl(kCellControl, F_SETFD, FD_CLOEXEC); }

}  // namespace

int serve_cell() {
  keep_control_to_ourselves();
  std::string message(kMostCellOrder, '\0');
  ssize_t size = recv(kCellControl, message.data(), message.size(), 0);
  if (size <= 0) return 1;
  auto order = unpack<CellOrder>(std::string_view(message).substr(0, static_cast<size_t>(size)));
  if (!order) return 1;
  std::string answer = pack(Cell(*std::move(order)).run());
  return send(kCellControl, answer.data(), answer.size(), MSG_NOSIGNAL) > 0 ? 0 : 1;
}

}  // namespace rebus
