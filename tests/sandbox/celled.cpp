// celled LAYER SAMPLE ACTION: runs the sample in a cell, but for this layer, or part of one (`none`: with all
// of them). Exit code 0: it did what it wanted; 1: it was refused, or ended; 2: it could not be tried.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "agents/support/sandbox/bubblewrap.h"
#include "agents/support/sandbox/init_report.h"
#include "agents/support/sandbox/program_calls.h"
#include "agents/support/sandbox/unprivileged_user.h"

namespace rebus {
namespace {

using Words = std::vector<std::string>;

void leave_out(Words& words, const std::string& option, size_t count) {
  auto at = std::ranges::find(words, option);
  if (at != words.end()) words.erase(at, at + static_cast<std::ptrdiff_t>(count));
}

Words init_words(const std::string& without, const std::string& action) {
  const bool has_limits = without != "limits";
  return {without == "landlock" ? "none" : "may",
          std::to_string(has_limits ? 256ULL << 20 : 1ULL << 40),
          std::to_string(has_limits ? 16ULL << 20 : 1ULL << 40),
          has_limits ? "16" : "0",
          "tool",
          "/input/sample",
          action};
}

Words cell_words(const std::string& without, const std::string& action, int filter, int init) {
  CellOrder order{.scratch = 16 << 20, .inputs = {"sample"}, .variables = {"PATH=/usr/bin:/bin"}};
  Words words = bubblewrap_words(order, {init, filter}, init_words(without, action));
  if (without == "seccomp") leave_out(words, "--seccomp", 2);
  if (without == "network") leave_out(words, "--unshare-net", 1);
  if (without == "processes") leave_out(words, "--unshare-pid", 1), leave_out(words, "--as-pid-1", 1);
  if (without == "users") leave_out(words, "--disable-userns", 1);
  if (without == "session") leave_out(words, "--new-session", 1);
  if (without == "read-only") {
    while (std::ranges::find(words, "--remount-ro") != words.end()) leave_out(words, "--remount-ro", 2);
  }
  if (without == "privileges") {
    leave_out(words, "--cap-drop", 2);
    words.insert(words.begin() + 1, {"--cap-add", "ALL"});
  }
  return words;
}

int run(const std::string& without, const char* sample, const std::string& action) {
  close_range(STDERR_FILENO + 1, ~0U, 0);  // as in a program that an agent starts
  int input = open(sample, O_RDONLY | O_CLOEXEC);
  auto place = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "rebus_init";
  int init = open(place.c_str(), O_RDONLY | O_CLOEXEC);
  auto filter = program_filter();
  std::array<int, 2> report{};
  if (input < 0 || init < 0 || !filter || pipe2(report.data(), O_CLOEXEC) != 0) return 2;
  init = fcntl(init, F_DUPFD, 20);
  const int filter_file = fcntl(filter->get(), F_DUPFD, 20);
  input = fcntl(input, F_DUPFD_CLOEXEC, 20);
  report[1] = fcntl(report[1], F_DUPFD_CLOEXEC, 20);
  Words words = cell_words(without, action, filter_file, init);
  pid_t pid = fork();
  if (pid == 0) {
    bool is_ready = dup2(report[1], kInitReport) >= 0 && dup2(input, kFirstCellInput) >= 0;
    if (without != "privileges" && !stop_being_root()) is_ready = false;
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    if (is_ready) execvp("bwrap", pointers.data());
    _exit(2);
  }
  close(report[1]);
  waitpid(pid, nullptr, 0);
  std::string said(4096, '\0');
  ssize_t size = read(report[0], said.data(), said.size());
  auto end =
      InitReport::of_text(std::string_view(said).substr(0, static_cast<size_t>(std::max<ssize_t>(size, 0))));
  if (!end.has_started || !end.is_done) return 2;
  return end.is_signal ? 1 : end.number;
}

}  // namespace
}  // namespace rebus

int main(int count, char** words) { return count == 4 ? rebus::run(words[1], words[2], words[3]) : 2; }
