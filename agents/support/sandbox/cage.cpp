#include "agents/support/sandbox/cage.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "agents/support/sandbox/landlock.h"
#include "agents/support/sandbox/parser_calls.h"
#include "agents/support/sandbox/unprivileged_user.h"
#include "descriptor/file_handle.h"

namespace rebus {
namespace {

constexpr rlim_t kOpenFiles = 5;       // those that are, a value and the next
constexpr rlim_t kScratchFiles = 128;  // open at once: archives in archives
constexpr uint64_t kScratchNames = 100'000;

Error errno_error(const std::string& what) {
  return {Code::kUnavailable, what + ": " + std::strerror(errno)};
}

bool is_root() { return geteuid() == 0; }

// --- namespaces ---

std::string root_options(uint64_t scratch) {
  if (scratch == 0) return "size=4k,mode=0500";
  const std::string nobody = std::to_string(kNobody);
  return "size=" + std::to_string(scratch) + ",nr_inodes=" + std::to_string(kScratchNames) +
         ",mode=0700,uid=" + nobody + ",gid=" + nobody;
}

// An empty file system that only this process sees becomes its root.
Result<void> leave_all_files(uint64_t scratch) {
  constexpr unsigned long kHarmless = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return errno_error("private mounts");
  if (mount("none", "/tmp", "tmpfs", kHarmless, root_options(scratch).c_str()) != 0)
    return errno_error("an empty root");
  if (chdir("/tmp") != 0 || syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0)
    return errno_error("an empty root");
  const unsigned long read_only = MS_REMOUNT | MS_BIND | MS_RDONLY | kHarmless;
  if (scratch == 0 && mount(nullptr, "/", nullptr, read_only, nullptr) != 0)
    return errno_error("an empty root, read-only");
  return chdir("/") == 0 ? Result<void>() : errno_error("an empty root");
}

Result<void> write_once(const char* path, const std::string& text) {
  FileHandle file(open(path, O_WRONLY | O_CLOEXEC));
  bool is_written = file.get() >= 0 && write(file.get(), text.data(), text.size()) == ssize_t(text.size());
  return is_written ? Result<void>() : errno_error("a user of its own");
}

// Who has no number there owns no file: within, this user is nobody.
Result<void> become_nobody_within(uid_t user, gid_t group) {
  const std::string nobody = std::to_string(kNobody) + " ";
  auto done = write_once("/proc/self/setgroups", "deny");
  if (done) done = write_once("/proc/self/uid_map", nobody + std::to_string(user) + " 1");
  return done ? write_once("/proc/self/gid_map", nobody + std::to_string(group) + " 1") : done;
}

Result<std::string> enter_namespaces(const CageLimits& limits) {
  const uid_t user = geteuid();
  const gid_t group = getegid();
  const int own_user = is_root() ? 0 : CLONE_NEWUSER;
  if (unshare(own_user | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0)
    return errno_error("own namespaces");
  bool must_own_files = own_user != 0 && limits.scratch > 0;
  auto done = must_own_files ? become_nobody_within(user, group) : Result<void>();
  if (done) done = leave_all_files(limits.scratch);
  if (!done) return done.error();
  return std::string("namespaces");
}

// --- privileges ---

// Whoever has none may be kept from saying so, as by a filter of systemd.
bool give_up_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  if (syscall(SYS_capset, &header, sets.data()) == 0) return true;
  const int error = errno;
  bool is_known = syscall(SYS_capget, &header, sets.data()) == 0;
  errno = error;
  return is_known && std::all_of(sets.begin(), sets.end(), [](const __user_cap_data_struct& set) {
           return (set.effective | set.permitted | set.inheritable) == 0;
         });
}

Result<std::string> drop_privileges() {
  auto done = stop_being_root();
  if (!done) return done.error();
  if (!give_up_capabilities()) return errno_error("giving up capabilities");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno_error("no_new_privs");
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return errno_error("ending with its agent");
  return std::string("privileges");
}

// --- limits ---

Result<std::string> set_limits(const CageLimits& limits) {
  struct One {
    __rlimit_resource what;
    rlim_t most;
  };
  const rlim_t files = limits.scratch > 0 ? kScratchFiles : kOpenFiles;
#ifdef REBUS_SANITIZED
  const rlim_t memory = RLIM_INFINITY;  // their shadow takes terabytes of addresses
#else
  const rlim_t memory = limits.memory;
#endif
  for (const One& one :
       {One{RLIMIT_CORE, 0}, One{RLIMIT_FSIZE, limits.scratch}, One{RLIMIT_AS, memory}, One{RLIMIT_NPROC, 0},
        One{RLIMIT_NOFILE, files}, One{RLIMIT_MSGQUEUE, 0}, One{RLIMIT_MEMLOCK, 0}}) {
    rlimit limit{one.most, one.most};
    if (setrlimit(one.what, &limit) != 0) return errno_error("a limit");
  }
  return std::string("limits");
}

// --- Landlock ---

Result<std::string> keep_to_scratch(const CageLimits& limits) {
  LandlockExceptions exceptions;
  if (limits.scratch > 0) exceptions.scratch = {"."};
  return enter_landlock(exceptions);
}

// --- all of it ---

struct Layer {
  const char* name;
  bool is_required;
  Result<std::string> (*enter)(const CageLimits&);
};

constexpr Layer kLayers[] = {
    {"namespaces", false, enter_namespaces},
    {"privileges", true, [](const CageLimits&) { return drop_privileges(); }},
    {"landlock", false, keep_to_scratch},
    {"limits", true, set_limits},
    {"seccomp", true, [](const CageLimits& limits) { return allow_parser_calls(limits.scratch > 0); }},
};

}  // namespace

std::vector<std::string_view> cage_layers() {
  std::vector<std::string_view> names;
  for (const Layer& layer : kLayers) names.emplace_back(layer.name);
  return names;
}

Result<std::string> enter_cage_layer(std::string_view name, const CageLimits& limits) {
  for (const Layer& layer : kLayers) {
    if (layer.name == name) return layer.enter(limits);
  }
  return Error{Code::kInvalid, "no such layer"};
}

Result<std::vector<std::string>> enter_cage(SandboxLevel level, const CageLimits& limits) {
  std::vector<std::string> layers;
  if (level == SandboxLevel::kNone) return layers;
  for (const Layer& layer : kLayers) {
    auto entered = layer.enter(limits);
    bool must_be = layer.is_required || level == SandboxLevel::kStrict;
    if (entered) {
      layers.push_back(*entered);
    } else if (must_be) {
      return Error{Code::kUnavailable, std::string("this kernel does not give the layer ") + layer.name +
                                           " of the sandbox (" + entered.error().message + ")"};
    }
  }
  return layers;
}

}  // namespace rebus
