#include "agents/support/ssdeep_worker.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "agents/support/child_spawn.h"

namespace rebus {
namespace {

constexpr const char* kProgram = "rebus_ssdeep";
constexpr timeval kPatience{60, 0};  // for one piece of a value, or an answer
constexpr uint64_t kMemory = 256 << 20;
constexpr size_t kMaxAnswer = 256;  // bytes; libfuzzy gives 148 at most

Error errno_error() { return {Code::kFailed, std::string(kProgram) + ": " + std::strerror(errno)}; }

}  // namespace

std::string SsdeepWorker::program() { return program_beside_us(kProgram); }

Error SsdeepWorker::not_installed() {
  return {Code::kUnavailable,
          std::string("there is no ") + kProgram +
              ", which computes and compares ssdeep hashes, beside rebus_agent or in $PATH: put it there, or "
              "leave it out (--types imphash,tlsh)"};
}

Result<void> SsdeepWorker::check_installed() {
  std::string path = program();
  if (path != kProgram || is_installed(kProgram)) return {};
  return not_installed();
}

Result<void> SsdeepWorker::begin(uint64_t size) {
  if (has_open_value_) stop();
  if (pid_ == 0) {
    auto started = start();
    if (!started) return started;
  }
  has_open_value_ = true;
  std::array<uint8_t, 8> header{};
  for (uint8_t& byte : header) byte = static_cast<uint8_t>(size), size >>= 8;
  return append(header);
}

Result<void> SsdeepWorker::append(Bytes bytes) {
  while (!bytes.empty()) {
    ssize_t count = send(channel_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return died();
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
  return {};
}

Result<std::string> SsdeepWorker::end() {
  std::string line;
  while (!line.ends_with('\n')) {
    std::array<char, kMaxAnswer> part{};
    ssize_t count = recv(channel_.get(), part.data(), part.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0 || line.size() > kMaxAnswer) return died();
    line.append(part.data(), static_cast<size_t>(count));
  }
  has_open_value_ = false;
  line.pop_back();
  return line;
}

// A pair of sockets, not of pipes: they know time limits, and a dead peer sends no signal.
Result<void> SsdeepWorker::start() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return errno_error();
  FileHandle own(ends[0]), other(ends[1]), nowhere(open("/dev/null", O_WRONLY | O_CLOEXEC));
  if (nowhere.get() < 0) return errno_error();
  setsockopt(own.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
  setsockopt(own.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  auto pid =
      spawn_child({.words = {program()}, .most_memory = kMemory}, {other.get(), other.get(), nowhere.get()});
  if (!pid) return pid.error().code == Code::kNotFound ? not_installed() : pid.error();
  pid_ = *pid;
  channel_ = std::move(own);
  return {};
}

Error SsdeepWorker::died() {
  bool is_stuck = errno == EAGAIN || errno == EWOULDBLOCK;
  stop();
  return {Code::kFailed, std::string(kProgram) + (is_stuck ? " did nothing for a minute and was stopped"
                                                           : " ended in the middle of it")};
}

void SsdeepWorker::stop() {
  has_open_value_ = false;
  if (pid_ == 0) return;
  channel_ = FileHandle(-1);
  kill(-pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
  pid_ = 0;
}

}  // namespace rebus
