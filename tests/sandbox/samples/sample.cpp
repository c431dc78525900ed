// sample ACTION [MARK]: does what samples do. Its exit code says how it went, where that can be seen from
// inside: 0: as it wanted; 1: it was refused. Linked statically: it begins fast.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

extern char** environ;

namespace {

bool files() {
  mkdir("/tmp/made", 0700);
  int fd = open("/tmp/made/a\n\x1b[2J\"b", O_CREAT | O_WRONLY, 0600);
  bool is_done = write(fd, "x", 1) == 1;
  close(fd);
  rename("/tmp/made/a\n\x1b[2J\"b", "/tmp/made/moved");
  unlink("/tmp/made/moved");
  open("/etc/passwd", O_RDONLY);
  open("/usr/evil", O_CREAT | O_WRONLY, 0600);
  open("/usr/bin/env", O_RDONLY);
  return is_done;
}

template <class Address>
bool connects(int family, int type, const Address& to, socklen_t size = sizeof(Address)) {
  int fd = socket(family, type, 0);
  bool is_connected = fd >= 0 && connect(fd, reinterpret_cast<const sockaddr*>(&to), size) == 0;
  if (type == SOCK_DGRAM && fd >= 0)
    sendto(fd, "x", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
  return is_connected;
}

sockaddr_un unix_address(const char* path, size_t size) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, path, size);
  return to;
}

bool network() {
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(8080);
  inet_pton(AF_INET, "192.0.2.7", &four.sin_addr);
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(443);
  inet_pton(AF_INET6, "2001:db8::7", &six.sin6_addr);
  sockaddr_vm host{};
  host.svm_family = AF_VSOCK;
  host.svm_cid = 2;
  host.svm_port = 1;
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  auto file = unix_address("/run/rebus/bus", 14), abstract = unix_address("\0rebus", 6);
  bool any = connects(AF_INET, SOCK_STREAM, four);
  four.sin_port = htons(53);
  any = connects(AF_INET, SOCK_DGRAM, four) || any;
  any = connects(AF_INET6, SOCK_STREAM, six) || any;
  any = connects(AF_UNIX, SOCK_STREAM, file) || any;
  any = connects(AF_UNIX, SOCK_STREAM, abstract, sizeof(sa_family_t) + 6) || any;
  any = connects(AF_VSOCK, SOCK_STREAM, host) || any;
  any = connects(AF_INET, SOCK_RAW, four) || any;
  connects(AF_NETLINK, SOCK_RAW, kernel);
  return any;
}

// Signals to whomever it can name, itself apart.
bool kills() {
  kill(getppid(), SIGKILL);
  kill(1, SIGKILL);
  kill(-1, SIGKILL);
  return kill(getppid(), 0) != 0;
}

bool forks() {
  for (int code = 1; code <= 3; code++) {
    if (fork() == 0) _exit(code);
  }
  while (wait(nullptr) > 0) continue;
  if (fork() == 0) {
    char* words[] = {const_cast<char*>("/usr/bin/env"), const_cast<char*>("A=\n"), const_cast<char*>("true"),
                     nullptr};
    execv(words[0], words);
    _exit(9);
  }
  int status = 0;
  wait(&status);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void ignore_all() {
  for (int number = 1; number < 65; number++) signal(number, SIG_IGN);
}

// A daemon that ignores everything, its parent ends; and one that stops itself.
bool stays() {
  ignore_all();
  if (fork() == 0) {
    setsid();
    if (fork() == 0) {
      for (;;) pause();
    }
    raise(SIGSTOP);
    _exit(0);
  }
  return true;
}

bool bombs() {
  signal(SIGTERM, SIG_IGN);
  for (;;) {
    if (fork() < 0) pause();  // as many as there can be
  }
}

bool eats_memory() {
  constexpr size_t kStep = 32 << 20;
  for (;;) {
    void* memory = mmap(nullptr, kStep, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return false;
    std::memset(memory, 1, 4096);
  }
}

bool fills_scratch() {
  static char block[1 << 20];
  int fd = open("/tmp/full", O_CREAT | O_WRONLY, 0600),
      sparse = open("/tmp/sparse", O_CREAT | O_WRONLY, 0600);
  bool is_sparse = ftruncate(sparse, 1LL << 60) == 0;
  size_t size = 0;
  while (size < 256 << 20 && write(fd, block, sizeof(block)) == sizeof(block)) size += sizeof(block);
  return size >= 256 << 20 || is_sparse;
}

bool many_files() {
  for (int i = 0; i < 100'000; i++) {
    char name[32];
    std::snprintf(name, sizeof(name), "/tmp/%d", i);
    int fd = open(name, O_CREAT | O_WRONLY, 0600);
    if (fd < 0) return false;
    close(fd);
  }
  return true;
}

bool writes_for_ever() {
  static char block[1 << 16];
  for (;;) {
    if (write(STDOUT_FILENO, block, sizeof(block)) < 0) return false;
  }
}

bool many_calls() {
  for (int i = 0; i < 10'000'000; i++) syscall(SYS_getppid);
  return true;
}

bool untraced() {
  long pid = syscall(SYS_clone, 0x00800000 | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (pid == 0) _exit(0);
  return pid > 0;
}

bool new_clone() {
  struct {
    uint64_t flags, rest[10];
  } arguments{0x00800000, {}};
  return syscall(SYS_clone3, &arguments, 64) >= 0;
}

bool old_call() {
#if defined(__x86_64__)
  long result = 20;  // getpid of i386
  __asm__ volatile("int $0x80" : "+a"(result) : : "memory");
  return result > 0;
#else
  return false;
#endif
}

bool x32_call() { return syscall(0x40000000 | 39) > 0; }

bool uring() {
  io_uring_params parameters{};
  return syscall(SYS_io_uring_setup, 4, &parameters) >= 0;
}

// Everything that leads out, or into the kernel.
bool escapes() {
  char word[] = "x";
  bool any = mount("none", "/tmp", "tmpfs", 0, nullptr) == 0;
  any = unshare(CLONE_NEWUSER) == 0 || any;
  any = unshare(CLONE_NEWNS) == 0 || any;
  any = setns(open("/proc/1/ns/mnt", O_RDONLY), 0) == 0 || any;
  any = chroot("/tmp") == 0 || any;
  any = ptrace(PTRACE_ATTACH, 1, nullptr, nullptr) == 0 || any;
  any = syscall(SYS_userfaultfd, 0) >= 0 || any;
  any = syscall(SYS_bpf, 0, nullptr, 0) == 0 || errno != EPERM || any;
  any = syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0) >= 0 || errno != EPERM || any;
  any = syscall(SYS_keyctl, 0, 0, 0, 0, 0) >= 0 || any;
  any = syscall(SYS_kexec_load, 0, 0, nullptr, 0) == 0 || errno != EPERM || any;
  any = personality(ADDR_NO_RANDOMIZE | READ_IMPLIES_EXEC) >= 0 || any;
  any = syscall(SYS_init_module, word, 1, word) == 0 || errno != EPERM || any;
  any = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, nullptr) >= 0 || any;
  any = sethostname("x", 1) == 0 || any;
  return any;
}

bool reads_others() {
  bool any = false;
  for (const char* path : {"/proc/1/root/etc/passwd", "/proc/1/mem", "/proc/1/environ", "/proc/1/fd/3",
                           "/proc/1/cwd/x", "/sys/kernel", "/dev/mem", "/dev/kmsg", "/etc/passwd",
                           "/etc/shadow", "/home", "/root", "/run", "/var", "/proc/kcore"})
    any = open(path, O_RDONLY) >= 0 || any;
  return any;
}

// Open files but the three, and variables but two.
bool inherits() {
  int count = 0;
  for (char** each = environ; *each != nullptr; each++) count++;
  for (int fd = 3; fd < 1024; fd++) {
    if (fcntl(fd, F_GETFD) >= 0) return true;
  }
  return count > 3;  // PATH, HOME, PWD
}

bool types_on_a_terminal() {
  char c = 'x';
  int fd = open("/dev/tty", O_RDWR);
  return fd >= 0 || ioctl(STDIN_FILENO, TIOCSTI, &c) == 0;
}

bool becomes_root() {
  if (setuid(0) == 0 || setresuid(0, 0, 0) == 0) return true;
  if (fork() == 0) {
    char* words[] = {const_cast<char*>("/usr/bin/su"), const_cast<char*>("-c"), const_cast<char*>("id"),
                     nullptr};
    execv(words[0], words);
    _exit(1);
  }
  int status = 0;
  wait(&status);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool changes_itself() {
  return open("/input/sample", O_WRONLY) >= 0 || chmod("/input/sample", 0777) == 0 ||
         unlink("/input/sample") == 0 || open("/proc/self/exe", O_WRONLY) >= 0 ||
         open("/rebus_init", O_WRONLY) >= 0;
}

// Whether it could tell who traces it.
bool finds_tracer() {
  FILE* status = std::fopen("/proc/self/status", "r");
  char line[256];
  int tracer = 0;
  while (status != nullptr && std::fgets(line, sizeof(line), status) != nullptr)
    std::sscanf(line, "TracerPid: %d", &tracer);
  return tracer != 0 && kill(tracer, SIGKILL) == 0;
}

struct Action {
  const char* name;
  bool (*run)();
};
const Action kActions[] = {{"files", files},
                           {"network", network},
                           {"kills", kills},
                           {"forks", forks},
                           {"stays", stays},
                           {"bombs", bombs},
                           {"memory", eats_memory},
                           {"scratch", fills_scratch},
                           {"many-files", many_files},
                           {"output", writes_for_ever},
                           {"calls", many_calls},
                           {"untraced", untraced},
                           {"clone3", new_clone},
                           {"trace-me", [] { return ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0; }},
                           {"int80", old_call},
                           {"x32", x32_call},
                           {"uring", uring},
                           {"escapes", escapes},
                           {"others", reads_others},
                           {"inherits", inherits},
                           {"terminal", types_on_a_terminal},
                           {"root", becomes_root},
                           {"itself", changes_itself},
                           {"tracer", finds_tracer},
                           {"crash", [] {
                              raise(SIGSEGV);
                              return false;
                            }}};

}  // namespace

int main(int count, char** words) {
  std::puts("a sample");
  std::fflush(stdout);
  for (const Action& action : kActions) {
    if (count > 1 && std::strcmp(words[1], action.name) == 0) return action.run() ? 0 : 1;
  }
  return 3;
}
