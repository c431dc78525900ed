#include "agents/support/sandbox/parser_process.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "descriptor/escape.h"

namespace rebus {
namespace {

// For one answer: whoever reads a value again and again has another purpose.
constexpr uint64_t kMostReadings = 8;
constexpr uint64_t kSomeMore = 64 << 20;  // bytes
constexpr std::chrono::seconds kStartPatience{60};

}  // namespace

ParserProcess::ParserProcess(std::shared_ptr<WorkerOrigin> origin, std::chrono::seconds patience)
    : origin_(std::move(origin)), patience_(patience) {}

ParserProcess::ParserProcess(std::shared_ptr<WorkerOrigin> origin, std::chrono::seconds patience, int file)
    : origin_(std::move(origin)), patience_(patience), file_(file) {}

void ParserProcess::set_patience(std::chrono::seconds patience) {
  patience_ = patience;
  if (is_running()) link_->set_patience(patience);
}

Result<void> ParserProcess::start() {
  auto started = launch();
  if (started && !is_ready_) started = take_hello();
  return started ? started : Error{Code::kUnavailable, started.error().message};
}

Result<void> ParserProcess::launch() {
  if (is_running()) return {};
  auto made = file_ < 0 ? make_window() : Result<void>();
  if (!made) return made;
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return Error{Code::kFailed, origin_->name() + ": " + std::strerror(errno)};
  FileHandle own(ends[0]), other(ends[1]);
  auto pid = origin_->start(other.get(), file_);
  if (!pid) return pid.error();
  pid_ = *pid;
  is_ready_ = false;
  link_ = std::make_unique<ParserLink>(std::move(own));
  link_->set_patience(kStartPatience);
  return {};
}

Result<void> ParserProcess::make_window() {
  auto window = SharedFile::make("rebus-window");
  if (!window) return window.error();
  window_.emplace(*std::move(window));
  file_ = window_->readable();
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
  is_ready_ = true;
  layers_ = std::move(hello->layers);
  link_->set_patience(patience_);
  return {};
}

void ParserProcess::stop() {
  if (pid_ == 0) return;
  link_.reset();
  (void)origin_->end(std::exchange(pid_, 0));
}

// What became of it, told by how it ended itself where it did.
Error ParserProcess::ended(const Error& why) {
  std::string how = why.message;
  was_silent_ = why.code == Code::kLimit;
  // Its end of the socket is closed: it ends, or has ended.
  if (why.code == Code::kUnavailable) how = how_it_ended(origin_->end(std::exchange(pid_, 0)));
  if (was_silent_) how = "gave no answer for " + std::to_string(patience_.count()) + " s and was ended";
  stop();
  link_.reset();
  return {Code::kFailed, "the process that looks at it (" + origin_->name() + ") " + how};
}

Error ParserProcess::misbehaves() {
  return ended({Code::kProtocol, "says what no parser says, and was ended"});
}

Result<void> ParserProcess::send(ParserWord word, std::string_view body, Bytes bytes) {
  auto sent = link_->send(word, body, bytes);
  return sent ? sent : ended(sent.error());
}

// With an offset of its own: a worker that has seen this value before could move that of others.
Result<bool> ParserProcess::hand(const Value& value) {
  const int sealed = value.source().sealed_file();
  if (sealed < 0) return false;
  FileHandle file(open(("/proc/self/fd/" + std::to_string(sealed)).c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return false;
  auto sent = link_->send_file(std::move(file));
  return sent ? Result<bool>(true) : ended(sent.error());
}

Result<void> ParserProcess::flush() {
  auto sent = link_->flush();
  return sent ? sent : ended(sent.error());
}

void ParserProcess::begin_file() {
  if (files_ == kMostFiles) stop();
  if (!is_running()) files_ = 0;
  files_++;
}

Result<ParserFrame> ParserProcess::receive(const Value& value) {
  for (uint64_t asked = 0;;) {
    auto frame = link_->receive();
    if (!frame) return ended(frame.error());
    if (frame->word != ParserWord::kWant) return frame;
    auto want = unpack<Want>(frame->body);
    bool is_good = want && value.size() > 0 && window_ && want->size > 0 && want->size <= kWindow &&
                   (asked += want->size) <= kMostReadings * value.size() + kSomeMore;
    if (!is_good) return misbehaves();
    auto given = give(*want, value);
    if (!given) return given.error();
  }
}

Result<void> ParserProcess::give(const Want& want, const Value& value) {
  auto given = window_->fill_part(value, want.offset, want.size);
  if (!given) {
    stop();  // it waits for bytes that do not come
    return given;
  }
  const uint64_t left = value.size() - std::min(want.offset, value.size());
  return say(ParserWord::kPart, WindowPart{std::min(want.size, left)});
}

}  // namespace rebus
