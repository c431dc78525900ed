#include "agents/support/sandbox/parser_calls.h"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace rebus {
namespace {

// Open files, memory, time, its own end.
constexpr const char* kAllowed[] = {
    "read",      "write",   "poll",       "ppoll",        "readv",          "writev",          "pread64",
    "pwrite64",  "lseek",   "sendmsg",    "fstat",        "ftruncate",      "close",           "munmap",
    "mremap",    "madvise", "brk",        "futex",        "clock_gettime",  "gettimeofday",    "time",
    "getrandom", "exit",    "exit_group", "rt_sigreturn", "rt_sigprocmask", "restart_syscall", "sched_yield",
    "getpid",    "gettid",
};

// What libraries try and can do without.
constexpr const char* kRefused[] = {
    "open",   "openat",    "openat2",    "stat",      "lstat",      "statx",
    "access", "faccessat", "faccessat2", "readlink",  "readlinkat", "getcwd",
    "ioctl",  "fcntl",     "prlimit64",  "getrlimit", "sysinfo",    "sched_getaffinity",
    "uname",  "getrusage", "geteuid",    "getuid",
};

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using SeccompFilter = std::unique_ptr<void, Release>;

// Names that this architecture does not have give a negative number: there is nothing to say of them.
int add(scmp_filter_ctx filter, uint32_t action, const char* name) {
  int number = seccomp_syscall_resolve_name(name);
  return number < 0 ? 0 : seccomp_rule_add(filter, action, number, 0);
}

// With these bits of this argument so.
int add_if(scmp_filter_ctx filter, uint32_t action, int number, unsigned argument, uint64_t mask,
           uint64_t bits) {
  const scmp_arg_cmp condition{argument, SCMP_CMP_MASKED_EQ, mask, bits};
  return seccomp_rule_add_array(filter, action, number, 1, &condition);
}

// Memory that is not executable.
int add_memory(scmp_filter_ctx filter) {
  for (const char* name : {"mmap", "mprotect"}) {
    int error = add_if(filter, SCMP_ACT_ALLOW, seccomp_syscall_resolve_name(name), 2, PROT_EXEC, 0);
    if (error != 0) return error;
  }
  return 0;
}

// glibc's fstat(). With a name it would be stat(): the root directory is empty.
int add_fstat(scmp_filter_ctx filter) {
  int number = seccomp_syscall_resolve_name("newfstatat");
  if (number < 0) return 0;
  int error = add_if(filter, SCMP_ACT_ALLOW, number, 3, AT_EMPTY_PATH, AT_EMPTY_PATH);
  if (error != 0) return error;
  return add_if(filter, SCMP_ACT_ERRNO(EACCES), number, 3, AT_EMPTY_PATH, 0);
}

int fill(scmp_filter_ctx filter) {
  int error = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  if (error == 0)
    error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a tree: fewer steps a call
  for (const char* name : kAllowed) error = error != 0 ? error : add(filter, SCMP_ACT_ALLOW, name);
  for (const char* name : kRefused) error = error != 0 ? error : add(filter, SCMP_ACT_ERRNO(EACCES), name);
  if (error == 0) error = add_memory(filter);
  if (error == 0) error = add_fstat(filter);
  return error;
}

}  // namespace

Result<std::string> allow_parser_calls() {
  SeccompFilter filter(seccomp_init(SCMP_ACT_KILL_PROCESS));
  int error = filter ? fill(filter.get()) : -ENOMEM;
  if (error == 0) error = seccomp_load(filter.get());
  if (error != 0) return Error{Code::kUnavailable, std::string("seccomp: ") + std::strerror(-error)};
  return std::string("seccomp");
}

}  // namespace rebus
