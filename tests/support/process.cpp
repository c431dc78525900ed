#include "tests/support/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgot to say that it is C
}

namespace rebus {
namespace {

constexpr int kPatience_ms = 120'000;
constexpr int kPause_ms = 5;

std::string whole_file(int fd) {
  std::string text;
  char buffer[65536];
  for (ssize_t size = 0; (size = pread(fd, buffer, sizeof buffer, static_cast<off_t>(text.size()))) > 0;) {
    text.append(buffer, static_cast<size_t>(size));
  }
  return text;
}

int memory_file(const std::string& text) {
  int fd = memfd_create("rebus_test", MFD_CLOEXEC);
  EXPECT_EQ(pwrite(fd, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  return fd;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> list;
  for (auto& word : words) list.push_back(word.data());
  list.push_back(nullptr);
  return list;
}

std::vector<std::string> environment() {
  std::vector<std::string> variables;
  const char* path = std::getenv("PATH");
  for (char** variable = environ; *variable != nullptr; variable++) {
    if (!std::string_view(*variable).starts_with("PATH=")) variables.emplace_back(*variable);
  }
  variables.push_back(std::string("PATH=" REBUS_BIN ":") + (path ? path : "/usr/bin:/bin"));
  return variables;
}

std::string program(const std::string& name) {
  std::string own = std::string(REBUS_BIN) + "/" + name;
  return access(own.c_str(), X_OK) == 0 ? own : name;
}

// Ends with the test program, however that ends.
std::vector<std::string> bound_to_us(std::vector<std::string> words) {
  words[0] = program(words[0]);
  words.insert(words.begin(), {"setpriv", "--pdeathsig", "KILL", "--"});
  return words;
}

}  // namespace

std::vector<std::string> Finished::sorted_lines() const {
  std::vector<std::string> lines;
  std::istringstream text(out);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

Process::Process(std::vector<std::string> words, const std::string& folder, const std::string& input)
    : out_fd_(memory_file("")), err_fd_(memory_file("")) {
  int in_fd = memory_file(input);
  words = bound_to_us(std::move(words));
  auto variables = environment();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in_fd, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out_fd_, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err_fd_, STDERR_FILENO);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  int error = posix_spawnp(&pid_, words[0].c_str(), &actions, nullptr, pointers(words).data(),
                           pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  close(in_fd);
  if (error != 0) {
    ADD_FAILURE() << "cannot start " << words[0] << ": error " << error;
    ended_ = true;
    return;
  }
  pid_fd_ = pidfd_open(pid_, 0);
}

Process::~Process() {
  if (!ended_) {
    signal(SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  for (int fd : {out_fd_, err_fd_, pid_fd_}) {
    if (fd >= 0) close(fd);
  }
}

std::string Process::out() const { return whole_file(out_fd_); }
std::string Process::err() const { return whole_file(err_fd_); }
std::ptrdiff_t Process::line_count() const {
  std::string text = out();
  return std::count(text.begin(), text.end(), '\n');
}

void Process::signal(int number) const {
  if (!ended_) kill(pid_, number);
}

bool Process::is_running() {
  pollfd waiting{pid_fd_, POLLIN, 0};
  return !ended_ && poll(&waiting, 1, 0) == 0;
}

Finished Process::wait() {
  if (!ended_) {
    pollfd waiting{pid_fd_, POLLIN, 0};
    if (poll(&waiting, 1, kPatience_ms) == 0) {
      ADD_FAILURE() << "process " << pid_ << " does not end\n" << out() << "\n" << err();
      signal(SIGKILL);
    }
    int status = 0;
    waitpid(pid_, &status, 0);
    ended_ = true;
    exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  return {exit_code_, out(), err()};
}

Finished run(std::vector<std::string> words, const std::string& folder, const std::string& input) {
  return Process(std::move(words), folder, input).wait();
}

Finished shell(const std::string& line, const std::string& folder) {
  return run({"bash", "-c", line}, folder);
}

// The iterators of a stream throw where reading fails.
std::string text_of_proc(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

bool eventually(const std::function<bool()>& condition) {
  auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatience_ms);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    poll(nullptr, 0, kPause_ms);
  }
  return true;
}

}  // namespace rebus
