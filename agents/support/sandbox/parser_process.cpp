#include "agents/support/sandbox/parser_process.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr size_t kMostWanted = 1 << 20;  // bytes, at once
// For one answer: whoever reads a value again and again has another purpose.
constexpr uint64_t kMostReadings = 8;
constexpr uint64_t kSomeMore = 64 << 20;  // bytes
constexpr std::chrono::seconds kStartPatience{60};

}  // namespace

ParserProcess::ParserProcess(const std::string& work, std::chrono::seconds patience, int file)
    : ParserProcess(worker_program(work == "mails" ? "rebus_mail" : "rebus_parser", work), patience, file) {}

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
    bool is_good = want && value.size() > 0 && want->size > 0 && want->size <= kMostWanted &&
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
