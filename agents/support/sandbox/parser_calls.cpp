#include "agents/support/sandbox/parser_calls.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>

#include "agents/support/sandbox/seccomp_filter.h"

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

// Memory that is not executable.
void add_memory(SeccompFilter& filter) {
  for (const char* name : {"mmap", "mprotect"}) filter.add_if(SCMP_ACT_ALLOW, name, 2, PROT_EXEC, 0);
}

// glibc's fstat(). With a name it would be stat(): the root directory is empty.
void add_fstat(SeccompFilter& filter) {
  filter.add_if(SCMP_ACT_ALLOW, "newfstatat", 3, AT_EMPTY_PATH, AT_EMPTY_PATH);
  filter.add_if(SCMP_ACT_ERRNO(EACCES), "newfstatat", 3, AT_EMPTY_PATH, 0);
}

}  // namespace

Result<std::string> allow_parser_calls() {
  SeccompFilter filter(SCMP_ACT_KILL_PROCESS);
  for (const char* name : kAllowed) filter.add(SCMP_ACT_ALLOW, name);
  for (const char* name : kRefused) filter.add(SCMP_ACT_ERRNO(EACCES), name);
  add_memory(filter);
  add_fstat(filter);
  auto loaded = filter.load();
  if (!loaded) return loaded.error();
  return std::string("seccomp");
}

}  // namespace rebus
