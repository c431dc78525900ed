#include "agents/support/sandbox/program_calls.h"

#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "agents/support/sandbox/seccomp_filter.h"

namespace rebus {
namespace {

constexpr const char* kRefused[] = {
    // other namespaces, mounts and roots
    "unshare", "setns", "mount", "umount", "umount2", "pivot_root", "chroot", "open_tree", "move_mount",
    "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "open_by_handle_at", "name_to_handle_at",
    "quotactl", "quotactl_fd", "fanotify_init", "swapon", "swapoff",
    // other processes
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp",
    "migrate_pages", "move_pages",
    // large and little used parts of the kernel
    "io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd", "bpf", "perf_event_open",
    "keyctl", "add_key", "request_key", "modify_ldt", "vm86", "vm86old", "iopl", "ioperm", "lookup_dcookie",
    "remap_file_pages", "vmsplice", "uselib", "ustat", "sysfs", "_sysctl", "nfsservctl",
    // the host
    "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "create_module",
    "reboot", "syslog", "acct", "settimeofday", "stime", "clock_settime", "clock_settime64", "adjtimex",
    "clock_adjtime", "clock_adjtime64", "sethostname", "setdomainname", "vhangup"};

// Of <linux/sched.h>: a child that no tracer is told of.
constexpr uint64_t kUntraced = 0x00800000;

// Masks that also see what is in the upper half, which the kernel does not look at.
constexpr uint64_t kLowerHalf = 0xffffffff;

// Families of which a namespace has its own; all others reach the host, or are seldom used parts of the
// kernel.
constexpr int kFamilies[] = {AF_UNSPEC, AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

void refuse_processes(SeccompFilter& filter) {
  // Its flags are in memory, where a filter cannot see them; libraries go on with clone.
  filter.add(SCMP_ACT_ERRNO(ENOSYS), "clone3");
  for (uint64_t flag :
       {kUntraced, uint64_t{CLONE_NEWNS}, uint64_t{CLONE_NEWCGROUP}, uint64_t{CLONE_NEWUTS},
        uint64_t{CLONE_NEWIPC}, uint64_t{CLONE_NEWUSER}, uint64_t{CLONE_NEWPID}, uint64_t{CLONE_NEWNET}})
    filter.add_if(SCMP_ACT_ERRNO(EPERM), "clone", 0, flag, flag);
}

// Asking is 0xffffffff, and 0 is what it has.
void refuse_personalities(SeccompFilter& filter) {
  constexpr uint64_t kTop = 1ULL << 31;
  for (uint64_t bit = 1; bit < kTop; bit <<= 1)
    filter.add_if(SCMP_ACT_ERRNO(EPERM), "personality", 0, kTop | bit, bit);
}

void refuse_sockets(SeccompFilter& filter) {
  for (int family = 0; family < AF_MAX; family++) {
    if (std::ranges::find(kFamilies, family) == std::end(kFamilies))
      filter.add_if(SCMP_ACT_ERRNO(EAFNOSUPPORT), "socket", 0, kLowerHalf, static_cast<uint64_t>(family));
  }
}

}  // namespace

Result<FileHandle> program_filter() {
  SeccompFilter filter(SCMP_ACT_ALLOW);
  for (const char* name : kRefused) filter.add(SCMP_ACT_ERRNO(EPERM), name);
  refuse_processes(filter);
  refuse_personalities(filter);
  refuse_sockets(filter);
  for (uint64_t request : {uint64_t{TIOCSTI}, uint64_t{TIOCLINUX}})
    filter.add_if(SCMP_ACT_ERRNO(EPERM), "ioctl", 1, kLowerHalf, request);
  FileHandle file(memfd_create("filter", MFD_CLOEXEC));
  auto written = filter.write_to(file.get());
  if (!written) return written.error();
  if (lseek(file.get(), 0, SEEK_SET) != 0)
    return Error{Code::kUnavailable, std::string("seccomp: ") + std::strerror(errno)};
  return file;
}

}  // namespace rebus
