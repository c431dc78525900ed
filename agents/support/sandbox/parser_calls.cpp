#include "agents/support/sandbox/parser_calls.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "agents/support/sandbox/seccomp_filter.h"

namespace rebus {
namespace {

// Open files, memory, time, its own end.
constexpr const char* kAllowed[] = {
    "read",      "write",   "poll",       "ppoll",        "readv",          "writev",          "pread64",
    "pwrite64",  "lseek",   "sendmsg",    "fstat",        "ftruncate",      "close",           "munmap",
    "mremap",    "madvise", "brk",        "futex",        "clock_gettime",  "gettimeofday",    "time",
    "getrandom", "exit",    "exit_group", "rt_sigreturn", "rt_sigprocmask", "restart_syscall", "sched_yield",
    "getpid",    "gettid",  "recvmsg",
};

// Files with names. Which of them there are is not up to this layer.
constexpr const char* kScratch[] = {
    "open",       "openat",   "stat",       "lstat",      "statx",   "access",     "faccessat",
    "faccessat2", "readlink", "readlinkat", "mkdir",      "mkdirat", "rmdir",      "unlink",
    "unlinkat",   "rename",   "renameat",   "renameat2",  "chmod",   "fchmod",     "getcwd",
    "dup",        "fsync",    "getdents",   "getdents64", "fcntl",   "newfstatat",
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

bool is_for_scratch(const char* name) {
  return std::any_of(std::begin(kScratch), std::end(kScratch),
                     [&](const char* each) { return std::strcmp(each, name) == 0; });
}

}  // namespace

Result<std::string> allow_parser_calls(bool has_scratch) {
  SeccompFilter filter(SCMP_ACT_KILL_PROCESS);
  for (const char* name : kAllowed) filter.add(SCMP_ACT_ALLOW, name);
  for (const char* name : kRefused) {
    if (!has_scratch || !is_for_scratch(name)) filter.add(SCMP_ACT_ERRNO(EACCES), name);
  }
  add_memory(filter);
  if (!has_scratch) add_fstat(filter);
  for (const char* name : kScratch) {
    if (has_scratch) filter.add(SCMP_ACT_ALLOW, name);
  }
  auto loaded = filter.load();
  if (!loaded) return loaded.error();
  return std::string("seccomp");
}

}  // namespace rebus
