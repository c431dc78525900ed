#include "agents/support/sandbox/parser_process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "agents/support/child_spawn.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr const char* kProgram = "rebus_parser";
constexpr size_t kMostWanted = 1 << 20;  // bytes, at once
// For one answer: whoever reads a value again and again has another purpose.
constexpr uint64_t kMostReadings = 8;
constexpr uint64_t kSomeMore = 64 << 20;  // bytes
constexpr std::chrono::seconds kStartPatience{60};

Error errno_error() { return {Code::kFailed, std::string(kProgram) + ": " + std::strerror(errno)}; }

Error not_installed() {
  return {Code::kUnavailable,
          std::string("there is no ") + kProgram +
              ", in which files are looked at, beside rebus_agent or in $PATH: put it there"};
}

std::vector<std::string> variables_of_libraries() {
  const char* magic = std::getenv("MAGIC");
  return magic != nullptr ? std::vector{std::string("MAGIC=") + magic} : std::vector<std::string>();
}

std::string how_it_ended(int status) {
  if (!WIFSIGNALED(status)) return "ended with exit code " + std::to_string(WEXITSTATUS(status));
  if (WTERMSIG(status) == SIGSYS) return "was ended by its sandbox, because it did what no parser does";
  return "was killed by signal " + std::to_string(WTERMSIG(status)) + " (" + strsignal(WTERMSIG(status)) +
         ")";
}

}  // namespace

ParserProcess::ParserProcess(std::string work, std::chrono::seconds patience, int file)
    : work_(std::move(work)), patience_(patience), file_(file) {}

Result<void> ParserProcess::start() {
  if (is_running()) return {};
  auto started = spawn();
  if (started) started = take_hello();
  return started ? started : Error{Code::kUnavailable, started.error().message};
}

Result<void> ParserProcess::spawn() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return errno_error();
  FileHandle own(ends[0]), other(ends[1]), nowhere(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (nowhere.get() < 0) return errno_error();
  ChildProgram program{.words = {program_beside_us(kProgram), work_, sandbox_level_name(sandbox_level())},
                       .variables = variables_of_libraries(),
                       .most_memory = RLIM_INFINITY};  // it limits itself
  auto pid = spawn_child(program, {other.get(), file_ >= 0 ? file_ : nowhere.get(), nowhere.get()});
  if (!pid) return pid.error().code == Code::kNotFound ? not_installed() : pid.error();
  pid_ = *pid;
  link_ = std::make_unique<ParserLink>(std::move(own));
  link_->set_patience(kStartPatience);
  return {};
}

Result<void> ParserProcess::take_hello() {
  auto frame = link_->receive();
  if (!frame) return ended(frame.error());
  auto hello = frame->word == ParserWord::kHello ? unpack<WorkerHello>(frame->body) : misbehaves();
  if (!hello) return hello.error();
  if (!hello->trouble.empty()) {
    stop();
    return Error{Code::kUnavailable, escape(unescape(hello->trouble))};
  }
  layers_ = std::move(hello->layers);
  link_->set_patience(patience_);
  return {};
}

void ParserProcess::stop() {
  if (pid_ == 0) return;
  link_.reset();
  kill(-pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
  pid_ = 0;
}

// What became of it, told by how it ended itself where it did.
Error ParserProcess::ended(const Error& why) {
  std::string how = why.message;
  int status = 0;
  if (why.code == Code::kUnavailable) {
    kill(pid_, SIGKILL);  // its end of the socket is closed: it ends, or has ended
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
    how = how_it_ended(status);
    pid_ = 0;
  }
  if (why.code == Code::kLimit)
    how = "gave no answer for " + std::to_string(patience_.count()) + " s and was ended";
  stop();
  link_.reset();
  return {Code::kFailed, std::string("the process that looks at it (") + kProgram + " " + work_ + ") " + how};
}

Error ParserProcess::misbehaves() {
  return ended({Code::kProtocol, "says what no parser says, and was ended"});
}

Result<void> ParserProcess::send(ParserWord word, std::string_view body, Bytes bytes) {
  auto sent = link_->send(word, body, bytes);
  return sent ? sent : ended(sent.error());
}

Result<ParserFrame> ParserProcess::receive(const Value& value) {
  for (uint64_t asked = 0;;) {
    auto frame = link_->receive();
    if (!frame) return ended(frame.error());
    if (frame->word != ParserWord::kWant) return frame;
    auto want = unpack<Want>(frame->body);
    bool is_good = want && want->size > 0 && want->size <= kMostWanted &&
                   (asked += want->size) <= kMostReadings * value.size() + kSomeMore;
    if (!is_good) return misbehaves();
    auto given = give(*want, value);
    if (!given) return given.error();
  }
}

Result<void> ParserProcess::give(const Want& want, const Value& value) {
  if (const std::string* bytes = value.source().in_memory()) {
    size_t begin = std::min<size_t>(want.offset, bytes->size());
    return send(ParserWord::kPart, {},
                as_bytes(*bytes).subspan(begin).first(std::min<size_t>(want.size, bytes->size() - begin)));
  }
  buffer_.resize(want.size);
  auto count = value.read_at(want.offset, {reinterpret_cast<uint8_t*>(buffer_.data()), buffer_.size()});
  if (!count) {
    stop();  // it waits for bytes that do not come
    return count.error();
  }
  return send(ParserWord::kPart, {}, as_bytes(std::string_view(buffer_).substr(0, *count)));
}

}  // namespace rebus
