// caged ACTION [LAYER [scratch]]: enters the cage, one with a scratch folder if that is said, but for this
// layer
// (`all`: but for every one; `none`), and tries to do something. Exit code 0: it did; 1: it was refused; 2:
// it could not be tried. What ends it by a signal was refused, too.
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include "agents/support/sandbox/cage.h"

namespace {

constexpr uint64_t kMemory = 512 << 20;  // of the cage
constexpr uint64_t kScratch = 1 << 20;

bool opens(const char* path) { return open(path, O_RDONLY) >= 0; }

bool connects_tcp() {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::atoi(std::getenv("CAGED_PORT"))));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  return fd >= 0 && connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0;
}

bool connects_abstract() {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::string name = std::getenv("CAGED_SOCKET");
  std::memcpy(to.sun_path + 1, name.data(), name.size());
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return fd >= 0 && connect(fd, reinterpret_cast<sockaddr*>(&to), size) == 0;
}

bool forks() {
  pid_t pid = fork();
  if (pid == 0) _exit(0);
  return pid > 0;
}

bool executes() {
  execl("/bin/true", "true", nullptr);
  return false;  // had it worked, true would have ended with 0
}

bool allocates() {
  void* memory = mmap(nullptr, 2 * kMemory, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory != MAP_FAILED;
}

bool makes_code() {
  void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory != MAP_FAILED;
}

bool writes() { return write(STDOUT_FILENO, "x", 1) == 1; }

// As libclamav does.
bool uses_scratch() {
  bool is_done = mkdir("folder", 0700) == 0;
  int fd = open("folder/file", O_CREAT | O_EXCL | O_RDWR, 0600);
  is_done = is_done && fd >= 0 && write(fd, "x", 1) == 1 && ftruncate(fd, 0) == 0;
  struct stat status {};
  is_done =
      is_done && stat("folder/file", &status) == 0 && unlink("folder/file") == 0 && rmdir("folder") == 0;
  return is_done;
}

// More than its size, in several files.
bool fills_scratch() {
  std::string bytes(kScratch / 2, 'x');
  for (const char* name : {"1", "2", "3", "4"}) {
    int fd = open(name, O_CREAT | O_WRONLY, 0600);
    if (fd < 0 || write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) return false;
  }
  return true;
}

bool writes_large_file() {
  std::signal(SIGXFSZ, SIG_IGN);
  int fd = open("large", O_CREAT | O_WRONLY, 0600);
  return fd >= 0 && ftruncate(fd, 2 * kScratch) == 0;
}

bool follows_link() { return symlink("/etc/passwd", "link") == 0 && opens("link"); }

bool opens_many() {
  for (int i = 0; i < 256; i++) {
    if (open(".", O_RDONLY) < 0) return false;
  }
  return true;
}

bool executes_scratch() {
  int fd = open("program", O_CREAT | O_WRONLY, 0700);
  if (fd < 0 || write(fd, "#!/bin/true\n", 12) != 12 || close(fd) != 0) return false;
  execl("./program", "program", nullptr);
  return false;
}

// Each is something that who took a parser over would do.
const std::map<std::string, bool (*)()> kActions = {
    {"nothing", [] { return false; }},
    {"open-file", [] { return opens("/etc/passwd"); }},
    {"open-proc", [] { return opens("/proc/self/environ"); }},
    {"stat-file",
     [] {
       struct stat status {};  // as fstat() is called, which libraries need
       return fstatat(AT_FDCWD, "/etc/passwd", &status, AT_EMPTY_PATH) == 0;
     }},
    {"make-file", [] { return open("/tmp/caged-was-here", O_CREAT | O_WRONLY, 0600) >= 0; }},
    {"write-file", writes},
    {"connect-tcp", connects_tcp},
    {"connect-abstract", connects_abstract},
    {"fork", forks},
    {"execute", executes},
    {"kill-agent", [] { return kill(getppid(), 0) == 0; }},
    {"trace-agent", [] { return ptrace(PTRACE_SEIZE, getppid(), nullptr, nullptr) == 0; }},
    {"allocate", allocates},
    {"make-code", makes_code},
    {"new-user", [] { return unshare(CLONE_NEWUSER) == 0; }},
    {"become-root", [] { return setuid(0) == 0; }},
    {"use-scratch", uses_scratch},
    {"fill-scratch", fills_scratch},
    {"large-file", writes_large_file},
    {"open-many", opens_many},
    {"follow-link", follows_link},
    {"leave-scratch", [] { return opens("../../../../etc/passwd"); }},
    {"execute-scratch", executes_scratch},
};

}  // namespace

int main(int count, char** words) {
  auto action = kActions.find(count > 1 ? words[1] : "");
  if (action == kActions.end()) return 2;
  const std::string_view left_out = count > 2 ? words[2] : "";
  for (std::string_view layer : rebus::cage_layers()) {
    bool is_in = left_out != layer && left_out != "all";
    if (is_in && !rebus::enter_cage_layer(layer, {kMemory, count > 3 ? kScratch : 0})) return 2;
  }
  return action->second() ? 0 : 1;
}
