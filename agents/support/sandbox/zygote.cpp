#include "agents/support/sandbox/zygote.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "agents/parsers/file_packet.h"
#include "agents/support/child_spawn.h"
#include "agents/support/sandbox/sandbox_level.h"
#include "descriptor/escape.h"

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgot to say that it is C
}

namespace rebus {
namespace {

constexpr std::chrono::seconds kZygotePatience{30};  // for a worker to be made or to be ended
constexpr int kEndMilliseconds = 10'000;             // for itself to end, with its workers and their files

std::vector<std::string> place_of_folders() {
  const char* place = std::getenv("TMPDIR");
  return place != nullptr ? std::vector{std::string("TMPDIR=") + place} : std::vector<std::string>();
}

}  // namespace

Result<std::shared_ptr<Zygote>> Zygote::start(const std::string& program, std::vector<std::string> words,
                                              std::chrono::seconds patience) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return Error{Code::kUnavailable, program + ": " + std::strerror(errno)};
  FileHandle own(ends[0]), other(ends[1]), nowhere(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (nowhere.get() < 0) return Error{Code::kUnavailable, program + ": " + std::strerror(errno)};
  words.insert(words.begin(), {program_beside_us(program), sandbox_level_name(sandbox_level())});
  auto pid =
      spawn_child({.words = std::move(words), .variables = place_of_folders(), .most_memory = RLIM_INFINITY},
                  {other.get(), nowhere.get(), nowhere.get()});
  if (!pid) return pid.error().code == Code::kNotFound ? worker_not_installed(program) : pid.error();
  std::shared_ptr<Zygote> zygote(new Zygote(program, *pid, std::move(own)));
  other = FileHandle(-1);
  auto heard = zygote->take_hello(patience);
  if (!heard) return heard.error();
  return zygote;
}

Result<void> Zygote::take_hello(std::chrono::seconds patience) {
  set_patience(patience);
  auto packet = receive_packet(control_.get());
  if (!packet) return Error{Code::kUnavailable, program_ + " " + packet.error().message};
  auto hello = unpack<ZygoteHello>(packet->bytes);
  if (!hello) return Error{Code::kUnavailable, program_ + " is none of this version of rebus"};
  hello_ = *std::move(hello);
  set_patience(kZygotePatience);
  bool can_work = hello_.trouble.empty();
  return can_work ? Result<void>() : Error{Code::kUnavailable, escape(unescape(hello_.trouble))};
}

void Zygote::set_patience(std::chrono::seconds time) const {
  timeval limit{time.count(), 0};
  setsockopt(control_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  setsockopt(control_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

// It ends when nobody speaks with it any more, and cleans up.
Zygote::~Zygote() {
  FileHandle process(pidfd_open(pid_, 0));
  control_ = FileHandle(-1);
  pollfd ended{process.get(), POLLIN, 0};
  bool has_ended = process.get() >= 0 && hello_.trouble.empty() && poll(&ended, 1, kEndMilliseconds) > 0;
  if (!has_ended) kill(-pid_, SIGKILL);
  (void)wait_for_end(pid_);
}

bool Zygote::is_gone() const {
  std::lock_guard lock(mutex_);
  pollfd other_end{control_.get(), 0, 0};
  return is_gone_ || (poll(&other_end, 1, 0) > 0 && (other_end.revents & POLLHUP) != 0);
}

Result<ZygoteAnswer> Zygote::call(const ZygoteCall& what, std::span<const int> files) {
  std::lock_guard lock(mutex_);
  if (is_gone_) return Error{Code::kUnavailable, program_ + " is gone"};
  auto sent = send_packet(control_.get(), pack(what), files);
  auto packet = sent ? receive_packet(control_.get()) : sent.error();
  auto answer = packet ? unpack<ZygoteAnswer>(packet->bytes) : packet.error();
  is_gone_ = !answer;
  if (!answer) return Error{Code::kUnavailable, program_ + " " + answer.error().message};
  return answer;
}

Result<pid_t> Zygote::start(int socket, int file) {
  const std::array<int, 2> files = {socket, file};
  auto answer = call({}, files);
  if (!answer) return answer.error();
  if (answer->worker == 0)
    return Error{Code::kUnavailable, program_ + " makes no worker: " + escape(unescape(answer->trouble))};
  return static_cast<pid_t>(answer->worker);
}

// Without a zygote there is no worker: it ends with it.
int Zygote::end(pid_t worker) {
  auto answer = call({worker}, {});
  return answer ? static_cast<int>(answer->status) : SIGKILL;
}

}  // namespace rebus
