#include "agents/support/strace/trace_summary.h"

#include <algorithm>
#include <iterator>

#include "agents/support/strace/trace_line.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr size_t kMostItems = 1000;  // of a list
constexpr size_t kMostProcesses = 1000;
constexpr size_t kMostWords = 64;  // of a command line
constexpr const char* kNoSpace = "it wanted to write more than it may";

// Calls about files: which argument is the path, and what was done with it where it worked.
struct FileCall {
  const char* name;
  size_t path;
  const char* done;
};
constexpr FileCall kFileCalls[] = {
    {"open", 0, nullptr},        {"openat", 1, nullptr},      {"openat2", 1, nullptr},
    {"creat", 0, "written"},     {"truncate", 0, "written"},  {"mkdir", 0, "written"},
    {"mkdirat", 1, "written"},   {"mknod", 0, "written"},     {"mknodat", 1, "written"},
    {"symlink", 1, "written"},   {"symlinkat", 2, "written"}, {"link", 1, "written"},
    {"linkat", 3, "written"},    {"chmod", 0, "changed"},     {"fchmodat", 1, "changed"},
    {"fchmodat2", 1, "changed"}, {"chown", 0, "changed"},     {"lchown", 0, "changed"},
    {"fchownat", 1, "changed"},  {"utimensat", 1, "changed"}, {"setxattr", 0, "changed"},
    {"unlink", 0, "deleted"},    {"unlinkat", 1, "deleted"},  {"rmdir", 0, "deleted"},
    {"rename", 0, "deleted"},    {"renameat", 1, "deleted"},  {"renameat2", 1, "deleted"}};

// The new name is the other path.
constexpr FileCall kRenames[] = {
    {"rename", 1, "written"}, {"renameat", 3, "written"}, {"renameat2", 3, "written"}};

// Which argument is, or has in it, an address.
struct NetworkCall {
  const char* name;
  size_t address;
};
constexpr NetworkCall kNetworkCalls[] = {
    {"connect", 1}, {"bind", 1}, {"sendto", 4}, {"sendmsg", 1}, {"sendmmsg", 1}};

constexpr const char* kHostFolders[] = {"/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/"};  // of a cell

// What no cell lets happen (program_calls.h).
constexpr const char* kAttempts[] = {"ptrace",
                                     "mount",
                                     "umount2",
                                     "unshare",
                                     "setns",
                                     "pivot_root",
                                     "chroot",
                                     "open_tree",
                                     "move_mount",
                                     "fsopen",
                                     "fsmount",
                                     "fsconfig",
                                     "io_uring_setup",
                                     "userfaultfd",
                                     "bpf",
                                     "perf_event_open",
                                     "keyctl",
                                     "add_key",
                                     "request_key",
                                     "kexec_load",
                                     "kexec_file_load",
                                     "init_module",
                                     "finit_module",
                                     "delete_module",
                                     "personality",
                                     "modify_ldt",
                                     "reboot",
                                     "process_vm_readv",
                                     "process_vm_writev",
                                     "pidfd_getfd",
                                     "iopl",
                                     "ioperm",
                                     "sethostname",
                                     "settimeofday",
                                     "clock_settime",
                                     "open_by_handle_at"};

bool is_one_of(const std::string& name, std::initializer_list<const char*> names) {
  return std::ranges::find(names, name) != names.end();
}

const std::string& argument(const TraceEvent& call, size_t index) {
  static const std::string kNoArgument;
  return index < call.arguments.size() ? call.arguments[index] : kNoArgument;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

// The text between two others.
std::string between(const std::string& text, std::string_view begin, std::string_view end) {
  size_t from = text.find(begin);
  if (from == text.npos) return {};
  from += begin.size();
  size_t to = text.find_first_of(end, from);
  return text.substr(from, to == text.npos ? to : to - from);
}

std::string literal_behind(const std::string& text, std::string_view begin) {
  size_t from = text.find(begin);
  if (from == text.npos) return {};
  return string_literal(std::string_view(text).substr(from + begin.size())).value_or("");
}

std::string address_in(const std::string& text) {
  for (std::string_view begin : {"inet_addr(", "inet_pton(AF_INET6, ", "sun_path="}) {
    if (auto literal = literal_behind(text, begin); !literal.empty()) return literal;
  }
  if (auto name = literal_behind(text, "sun_path=@"); !name.empty()) return "@" + name;
  return between(text, "svm_cid=", ",}");
}

std::string port_in(const std::string& text) {
  for (std::string_view begin : {"sin_port=htons(", "sin6_port=htons("}) {
    if (auto port = between(text, begin, ")"); !port.empty()) return port;
  }
  return between(text, "svm_port=", ",}");
}

// "-1 ENOENT (No such file or directory)": ENOENT; else "ok".
std::string outcome(const TraceEvent& call) {
  if (!call.has_failed()) return call.result == "?" ? "?" : "ok";
  return call.result.substr(3, call.result.find(' ', 3) - 3);
}

// A program that is known to be one of this host. What has no path, or one with .. in it, may be any.
bool is_of_host(const TraceEvent& call) {
  auto path = string_literal(argument(call, call.name == "execve" ? 0 : 1));
  if (!path || has(*path, "..")) return false;
  return std::ranges::any_of(kHostFolders, [&](const char* folder) { return path->starts_with(folder); });
}

// `["a", "b"]`, as strace writes a command line, as a JSON list of texts.
std::string words_json(const std::string& list) {
  std::vector<std::string> words;
  if (list.starts_with('[')) {
    auto end = list.ends_with(']') ? list.size() - 2 : list.size() - 1;
    for (std::string_view word : split_arguments(std::string_view(list).substr(1, end), kMostWords))
      words.push_back(json_string(string_literal(word).value_or(std::string(word))));
  }
  return json_array(words);
}

}  // namespace

void TraceSummary::List::add(const std::string& item) {
  if (known.contains(item)) return;
  if (items.size() >= kMostItems) {
    is_full = true;
    return;
  }
  known.insert(item);
  items.push_back(item);
}

TraceSummary::Process* TraceSummary::process(uint64_t pid) {
  auto known = processes_.find(pid);
  if (known != processes_.end()) return &known->second;
  if (processes_.size() >= kMostProcesses) {
    has_more_processes_ = true;
    return nullptr;
  }
  return &processes_[pid];
}

void TraceSummary::add(const TraceEvent& event) {
  if (first_pid_ == 0) first_pid_ = event.pid;
  Process* own = process(event.pid);
  if (own != nullptr) own->is_seen = true;
  if (event.kind == TraceEvent::Kind::kCall) return add_call(event);
  if (event.kind == TraceEvent::Kind::kSignal) {
    if (event.name == "SIGXFSZ") limits_.insert(kNoSpace);
    JsonObject signal;
    return signals_.add(signal.add("pid", event.pid).add("signal", event.name).str());
  }
  const bool is_exit = event.kind == TraceEvent::Kind::kExited;
  JsonObject end;
  if (is_exit) end.add_json("exit", std::to_string(leading_number(event.result).value_or(0)));
  if (!is_exit) end.add("signal", event.name);
  if (own != nullptr) own->end = end.str();
  if (event.name == "SIGSYS") attempts_["a call of another architecture"]++;
  if (event.pid == first_pid_)
    end_ = {is_exit ? SampleEnd::How::kExited : SampleEnd::How::kSignal, is_exit ? event.result : event.name};
}

void TraceSummary::add_call(const TraceEvent& call) {
  add_file(call);
  add_network(call);
  add_process(call);
  add_attempt(call);
  add_limit(call);
}

void TraceSummary::add_file(const TraceEvent& call) {
  for (const FileCall& known : kFileCalls) {
    if (call.name != known.name) continue;
    auto path = string_literal(argument(call, known.path));
    if (!path || path->empty()) continue;
    if (known.done == nullptr || call.has_failed()) {
      add_opened(*path, argument(call, known.path + 1), call);
    } else {
      files_[known.done].add(*path);
    }
  }
  for (const FileCall& rename : kRenames) {
    auto path = call.name == rename.name ? string_literal(argument(call, rename.path)) : std::nullopt;
    if (path && !call.has_failed()) files_[rename.done].add(*path);
  }
}

void TraceSummary::add_opened(const std::string& path, const std::string& flags, const TraceEvent& call) {
  if (call.has_failed()) {
    const std::string error = outcome(call);
    if (error == "ENOENT" || error == "ENOTDIR") return files_["missing"].add(path);
    if (is_one_of(error, {"EACCES", "EPERM", "EROFS"})) return files_["refused"].add(path);
    return files_["failed"].add(path);
  }
  bool is_written =
      has(flags, "O_WRONLY") || has(flags, "O_RDWR") || has(flags, "O_CREAT") || has(flags, "O_TRUNC");
  files_[is_written ? "written" : "opened"].add(path);
}

void TraceSummary::add_network(const TraceEvent& call) {
  JsonObject attempt;
  attempt.add("call", call.name).add("result", outcome(call));
  for (const NetworkCall& known : kNetworkCalls) {
    const std::string& text = argument(call, known.address);
    if (call.name != known.name || !has(text, "sa_family=")) continue;
    attempt.add("family", between(text, "sa_family=", ",}"));
    attempt.add("address", address_in(text)).add("port", port_in(text));
    network_.add(attempt.str());
  }
  bool is_odd = has(argument(call, 1), "SOCK_RAW") || call.has_failed();
  if (call.name == "socket" && is_odd && argument(call, 0) != "AF_NETLINK")
    network_.add(attempt.add("family", argument(call, 0)).add("address", "").add("port", "").str());
}

void TraceSummary::add_process(const TraceEvent& call) {
  if (is_one_of(call.name, {"execve", "execveat"}) && !call.has_failed()) {
    Process* own = process(call.pid);
    const std::string& words = argument(call, call.name == "execve" ? 1 : 2);
    has_started_own_ = has_started_own_ || (starts_++ > 0 && !is_of_host(call));
    if (own != nullptr && own->programs.size() < kMostWords) own->programs.push_back(words_json(words));
  }
  if (!is_one_of(call.name, {"clone", "clone3", "fork", "vfork"})) return;
  auto child = leading_number(call.result);
  if (!child || *child == 0) return;
  // "2 /* 4711 in strace's PID NS */"
  auto outside = leading_number(between(call.result, "/* ", "/"));
  Process* made = process(outside.value_or(*child));
  if (made == nullptr) return;
  made->parent = call.pid;
  made->is_thread =
      std::ranges::any_of(call.arguments, [](const std::string& text) { return has(text, "CLONE_THREAD"); });
}

void TraceSummary::add_attempt(const TraceEvent& call) {
  if (is_one_of(call.name, {"clone", "clone3"})) {
    for (const std::string& text : call.arguments) {
      if (has(text, "CLONE_UNTRACED")) attempts_[call.name + " CLONE_UNTRACED"]++;
      if (has(text, "CLONE_NEW")) attempts_[call.name + " CLONE_NEW"]++;
    }
  }
  if (call.name == "ioctl" && (has(argument(call, 1), "TIOCSTI") || has(argument(call, 1), "TIOCLINUX")))
    attempts_["ioctl " + between(argument(call, 1), "", " ,")]++;
  bool is_one = std::ranges::find(kAttempts, call.name) != std::end(kAttempts);
  if (is_one && call.has_failed()) attempts_[call.name]++;
}

// A sample that met one of its sandbox might have done more elsewhere.
void TraceSummary::add_limit(const TraceEvent& call) {
  if (!call.has_failed()) return;
  const std::string error = outcome(call);
  if (is_one_of(error, {"ENOSPC", "EFBIG"})) limits_.insert(kNoSpace);
  if (error == "ENOMEM" && is_one_of(call.name, {"mmap", "mremap", "clone", "fork", "vfork"}))
    limits_.insert("it wanted more memory than it may have");
  if (error == "ENOEXEC" && is_one_of(call.name, {"execve", "execveat"}))
    limits_.insert("it wanted to start a program that is not for this processor");
  if (error == "EAGAIN" && is_one_of(call.name, {"clone", "fork", "vfork"}))
    limits_.insert("it wanted more processes than it may have");
}

void TraceSummary::write_to(JsonObject& object) const {
  JsonObject files;
  for (const char* what : {"opened", "written", "deleted", "changed", "missing", "refused", "failed"}) {
    auto list = files_.find(what);
    files.add(what, list != files_.end() ? list->second.items : std::vector<std::string>());
  }
  std::vector<std::string> processes;
  for (const auto& [pid, each] : processes_) {
    JsonObject one;
    one.add("pid", pid).add("parent", each.parent).add_json("programs", json_array(each.programs));
    if (each.is_thread) one.add("thread", "yes");
    if (!each.end.empty()) one.add_json("end", each.end);
    processes.push_back(one.str());
  }
  JsonObject attempts;
  for (const auto& [what, count] : attempts_) attempts.add(what, count);
  object.add_json("files", files.str()).add_json("network", json_array(network_.items));
  object.add_json("processes", json_array(processes)).add_json("signals", json_array(signals_.items));
  object.add_json("attempts", attempts.str());
}

std::vector<std::string> TraceSummary::gaps() const {
  std::vector<std::string> gaps(limits_.begin(), limits_.end());
  const std::string most = std::to_string(kMostItems);
  for (const auto& [what, list] : files_) {
    if (list.is_full) gaps.push_back("more than " + most + " files " + what + " are not in the summary");
  }
  if (network_.is_full) gaps.push_back("more than " + most + " network attempts are not in the summary");
  if (has_more_processes_)
    gaps.push_back("more than " + std::to_string(kMostProcesses) + " processes are not in the summary");
  auto unseen = std::ranges::count_if(processes_, [](const auto& each) { return !each.second.is_seen; });
  if (unseen > 0)
    gaps.push_back(counted(static_cast<uint64_t>(unseen), "process") +
                   " that it started did nothing that was traced");
  return gaps;
}

}  // namespace rebus
