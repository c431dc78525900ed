// Sources: the kernel's Documentation/admin-guide/cgroup-v1/{memory,pids}.rst and cgroup-v2.rst.
#include "agents/support/sandbox/cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "descriptor/file_handle.h"

namespace rebus {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "rebus_cell_";

bool has_word(const std::string& list, const std::string& word, char separator) {
  std::istringstream words(list);
  for (std::string each; std::getline(words, each, separator);) {
    if (each == word) return true;
  }
  return false;
}

std::string text_of(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The kernel makes these files, and refuses others; where it is not the kernel, they are made.
bool set(const std::string& file, const std::string& value) {
  FileHandle out(open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  return out.get() >= 0 && write(out.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

// The number behind a word in a file of lines "word number".
uint64_t count_in(const std::string& file, const std::string& word) {
  std::ifstream lines(file);
  std::string name;
  for (uint64_t count = 0; lines >> name >> count;) {
    if (name == word) return count;
  }
  return 0;
}

// Folders below which a group may be made: of this process, and the top. `controller` empty: version 2.
std::vector<std::string> parents(const std::string& controller, const CgroupPlaces& places) {
  std::string top;
  std::ifstream mounts(places.mounts);
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string device, folder, type, options;
    words >> device >> folder >> type >> options;
    bool is_it =
        controller.empty() ? type == "cgroup2" : type == "cgroup" && has_word(options, controller, ',');
    if (is_it) top = folder;
  }
  if (top.empty()) return {};
  std::ifstream own(places.own);  // NUMBER:CONTROLLERS:PATH
  for (std::string line; std::getline(own, line);) {
    size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    std::string controllers = line.substr(first + 1, second - first - 1), path = line.substr(second + 1);
    bool is_it = controller.empty() ? controllers.empty() : has_word(controllers, controller, ',');
    if (is_it && path != "/" && path.find("..") == path.npos) return {top + path, top};
  }
  return {top};
}

bool hands_down(const std::string& group) {
  std::string enabled = text_of(group + "/cgroup.subtree_control");
  std::replace(enabled.begin(), enabled.end(), '\n', ' ');
  return has_word(enabled, "memory", ' ') && has_word(enabled, "pids", ' ');
}

// When a process began, in ticks since boot: with its number, a name that is not used again. Empty: it is
// gone.
std::string begin_of(const std::string& pid) {
  std::string stat = text_of("/proc/" + pid + "/stat");
  std::istringstream fields(stat.substr(std::min(stat.size(), stat.rfind(')') + 2)));
  std::string field;
  for (int number = 3; fields >> field; number++) {
    if (number == 22) return field;
  }
  return {};
}

std::string own_name() {
  std::string pid = std::to_string(getpid());
  return std::string(kPrefix) + pid + "_" + begin_of(pid);
}

// Groups whose makers were killed. A group with processes in it cannot be removed.
void sweep(const std::string& parent) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(parent, ignored)) {
    std::string name = entry.path().filename();
    if (!name.starts_with(kPrefix)) continue;
    std::string rest = name.substr(kPrefix.size()), pid = rest.substr(0, rest.find('_'));
    if (pid + "_" + begin_of(pid) != rest) rmdir(entry.path().c_str());
  }
}

// The group, or an empty text.
std::string make_group(const std::string& parent) {
  sweep(parent);
  std::string folder = parent + "/" + own_name();
  return mkdir(folder.c_str(), 0755) == 0 ? folder : "";
}

// What ended is counted as there for a moment.
void remove_group(const std::string& folder) {
  for (int tries = 0; rmdir(folder.c_str()) != 0 && errno == EBUSY && tries < 500; tries++)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

}  // namespace

Result<Cgroup> Cgroup::make(const CgroupLimits& limits, const CgroupPlaces& places) {
  Cgroup cgroup;
  if (!cgroup.make_v2(limits, places)) {
    cgroup.make_v1("memory", limits, places);
    cgroup.make_v1("pids", limits, places);
  }
  if (cgroup.groups_.empty())
    return Error{Code::kUnavailable,
                 "there is no cgroup with the controllers memory and pids that it may make"};
  return cgroup;
}

// Not below a group that has processes of its own and hands nothing down: then the top is tried, or
// version 1.
bool Cgroup::make_v2(const CgroupLimits& limits, const CgroupPlaces& places) {
  for (const std::string& parent : parents("", places)) {
    if (!hands_down(parent)) set(parent + "/cgroup.subtree_control", "+memory +pids");
    if (!hands_down(parent)) continue;
    std::string folder = make_group(parent);
    if (folder.empty()) continue;
    groups_.push_back({folder, true});
    has_memory_ = set(folder + "/memory.max", std::to_string(limits.memory));
    set(folder + "/memory.swap.max", "0");  // where there is swap
    has_processes_ = set(folder + "/pids.max", std::to_string(limits.processes));
    memory_events_ = folder + "/memory.events";
    process_events_ = folder + "/pids.events";
    if (bounds_all()) return true;
    remove_group(folder);
    groups_.clear();
    has_memory_ = has_processes_ = false;
  }
  return false;
}

bool Cgroup::make_v1(const std::string& controller, const CgroupLimits& limits, const CgroupPlaces& places) {
  const bool is_memory = controller == "memory";
  for (const std::string& parent : parents(controller, places)) {
    std::string folder = make_group(parent);
    if (folder.empty()) continue;
    const std::string most = std::to_string(is_memory ? limits.memory : limits.processes);
    if (!set(folder + (is_memory ? "/memory.limit_in_bytes" : "/pids.max"), most)) {
      remove_group(folder);
      continue;
    }
    if (is_memory) set(folder + "/memory.memsw.limit_in_bytes", most);  // where swap is counted
    (is_memory ? has_memory_ : has_processes_) = true;
    (is_memory ? memory_events_ : process_events_) =
        folder + (is_memory ? "/memory.oom_control" : "/pids.events");
    groups_.push_back({folder, false});
    return true;
  }
  return false;
}

Cgroup::~Cgroup() {
  for (const Group& group : groups_) remove_group(group.folder);
}

Result<void> Cgroup::join() const {
  for (const Group& group : groups_) {
    if (!set(group.folder + "/cgroup.procs", "0"))
      return Error{Code::kUnavailable, "cannot enter a cgroup: " + std::string(std::strerror(errno))};
  }
  return {};
}

std::string Cgroup::layer() const {
  std::string what = has_memory_ ? has_processes_ ? "memory, processes" : "memory" : "processes";
  return (groups_.front().is_v2 ? "cgroup v2: " : "cgroup v1: ") + what;
}

uint64_t Cgroup::memory_kills() const { return has_memory_ ? count_in(memory_events_, "oom_kill") : 0; }
uint64_t Cgroup::refused_processes() const { return has_processes_ ? count_in(process_events_, "max") : 0; }

}  // namespace rebus
