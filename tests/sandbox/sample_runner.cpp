#include "tests/sandbox/sample_runner.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "descriptor/pack.h"
#include "tests/support/process.h"
#include "tests/support/run_once.h"
#include "tests/support/scratch_folder.h"

namespace rebus {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kOrdinary = 1234;

SampleResult run_job(const SampleJob& job) {
  auto descriptor =
      object_of("/binary/elf/" + job.agent.substr(job.agent.find('_') + 1), job.label, job.bytes);
  descriptor.file_type.words = job.words;
  auto run = run_once(*find_agent(job.agent), descriptor, job.options);
  SampleResult result{run.accepted,
                      run.error ? run.error->message : "",
                      run.text("/strace/summary"),
                      {},
                      {},
                      run.text("/limit/strace")};
  for (auto [path, bytes] : {std::pair{"/strace/events", &result.events}, {"/strace/raw", &result.raw}}) {
    for (const auto& item : run.under(path)) *bytes = *item.descriptor.value.load(1 << 30);
  }
  return result;
}

std::string words_of(const fs::path& process) { return text_of_proc(process / "cmdline"); }

}  // namespace

std::vector<nlohmann::json> SampleResult::event_list() const {
  std::vector<nlohmann::json> list;
  std::istringstream lines(events);
  for (std::string line; std::getline(lines, line);) {
    list.push_back(nlohmann::json::parse(line, nullptr, false));
    EXPECT_FALSE(list.back().is_discarded()) << line;
  }
  return list;
}

std::vector<std::string> SampleResult::calls(const std::vector<std::string>& wanted) const {
  std::vector<std::string> names;
  for (const auto& event : event_list()) {
    std::string name = event.value("call", "");
    if (std::ranges::find(wanted, name) != wanted.end()) names.push_back(name);
  }
  return names;
}

bool SampleResult::is_partial(const std::string& reason) const {
  for (const auto& each : json().value("partial", nlohmann::json::array())) {
    const auto words = each.get<std::string>();
    if (words.find(reason) == std::string::npos) continue;
    const auto told = nlohmann::json::parse(limit, nullptr, false);
    EXPECT_TRUE(told.is_object() && told.value("reason", "").find(words) != std::string::npos) << limit;
    return true;
  }
  return false;
}

SampleRunner::SampleRunner(const SampleJob& job) : answer_(memfd_create("answer", 0)) {
  pid_ = fork();
  if (pid_ != 0) return;
  bool is_prepared =
      !job.is_ordinary || geteuid() != 0 ||
      (setresgid(kOrdinary, kOrdinary, kOrdinary) == 0 && setresuid(kOrdinary, kOrdinary, kOrdinary) == 0);
  std::string text = is_prepared ? pack(run_job(job)) : "";
  while (!text.empty()) {
    ssize_t size = write(answer_.get(), text.data(), text.size());
    if (size <= 0) _exit(1);
    text.erase(0, static_cast<size_t>(size));
  }
  _exit(0);
}

SampleRunner::~SampleRunner() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

SampleResult SampleRunner::result() {
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
  std::string text(static_cast<size_t>(lseek(answer_.get(), 0, SEEK_END)), '\0');
  EXPECT_EQ(pread(answer_.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  auto result = unpack<SampleResult>(text);
  return result ? *std::move(result) : SampleResult{};
}

Options sample_options(const std::string& action, const std::vector<std::string>& more) {
  Options options;
  options.set("run-samples", {});
  if (!action.empty()) options.set("arguments", {action});
  for (const std::string& each : more)
    options.set(each.substr(0, each.find('=')), {each.substr(each.find('=') + 1)});
  return options;
}

std::string sample_bytes(const std::string& kind) {
  auto folder = fs::read_symlink("/proc/self/exe").parent_path() / "samples";
  return file_bytes(folder / ("sample_" + kind));
}

std::vector<pid_t> processes_with(const std::string& word) {
  std::vector<pid_t> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    std::string words = words_of(entry.path());
    if (words.find(word) != words.npos) found.push_back(std::atoi(entry.path().filename().c_str()));
  }
  return found;
}

pid_t process_called(const std::string& program, const std::string& word) {
  for (pid_t pid : processes_with(word)) {
    std::string words = words_of("/proc/" + std::to_string(pid));
    if (fs::path(words.c_str()).filename() == program) return pid;
  }
  return 0;
}

size_t abandoned_cgroups() {
  constexpr std::string_view kPrefix = "rebus_cell_";
  size_t count = 0;
  std::error_code ignored;
  for (auto it = fs::recursive_directory_iterator("/sys/fs/cgroup", ignored);
       it != fs::recursive_directory_iterator(); it.increment(ignored)) {
    const std::string name = it->path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    const std::string rest = name.substr(kPrefix.size()), pid = rest.substr(0, rest.find('_'));
    count += !fs::exists("/proc/" + pid, ignored);
  }
  return count;
}

}  // namespace rebus
