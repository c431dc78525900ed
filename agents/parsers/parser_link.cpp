#include "agents/parsers/parser_link.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <utility>

#include "agents/parsers/file_packet.h"

namespace rebus {
namespace {

constexpr size_t kHeader = 12;             // bytes
constexpr size_t kGathered = 64 << 10;     // before it is sent
constexpr size_t kReadAtOnce = 256 << 10;  // beyond what is needed

Error gone() {
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {Code::kLimit, "does nothing any more"};
  return {Code::kUnavailable, "is gone"};
}

void put(char* at, size_t number) {
  for (int i = 0; i < 4; i++) at[i] = static_cast<char>(number >> (8 * i));
}

uint32_t number_at(const char* at) {
  uint32_t number = 0;
  for (int i = 4; i-- > 0;) number = number << 8 | static_cast<uint8_t>(at[i]);
  return number;
}

iovec part(const void* data, size_t size) { return {const_cast<void*>(data), size}; }

// Behind what was sent.
void skip_sent(std::span<iovec>& parts, size_t sent) {
  for (; !parts.empty() && sent >= parts.front().iov_len; parts = parts.subspan(1))
    sent -= parts.front().iov_len;
  if (parts.empty()) return;
  parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + sent;
  parts.front().iov_len -= sent;
}

}  // namespace

void ParserLink::set_patience(std::chrono::seconds time) {
  patience_ = time;
  timeval limit{time.count(), 0};
  setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

Result<void> ParserLink::send(ParserWord word, std::string_view body, Bytes bytes) {
  std::array<char, kHeader> header{};
  put(header.data(), static_cast<uint32_t>(word));
  put(header.data() + 4, body.size());
  put(header.data() + 8, bytes.size());
  out_.append(header.data(), header.size()).append(body);
  if (out_.size() + bytes.size() > kGathered) return flush(bytes);
  out_.append(as_text(bytes));
  return {};
}

// What is gathered, and these bytes behind it.
Result<void> ParserLink::flush(Bytes bytes) {
  std::array<iovec, 2> all = {part(out_.data(), out_.size()), part(bytes.data(), bytes.size())};
  std::span<iovec> parts(all);
  for (skip_sent(parts, 0); !parts.empty();) {
    const int file = out_file_.get();
    ssize_t sent = send_part(socket_.get(), parts, std::span(&file, file >= 0 ? 1 : 0));
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return gone();
    out_file_ = FileHandle(-1);
    skip_sent(parts, static_cast<size_t>(sent));
  }
  out_.clear();
  return {};
}

Result<void> ParserLink::send_file(FileHandle file) {
  auto ready = out_file_.get() >= 0 ? flush() : Result<void>();
  out_file_ = std::move(file);
  return ready ? send(ParserWord::kFile, {}) : ready;
}

Result<ParserFrame> ParserLink::receive() {
  file_ = FileHandle(-1);
  while (true) {
    auto frame = receive_frame();
    if (!frame || frame->word != ParserWord::kFile) return frame;
    if (came_.empty()) return Error{Code::kProtocol, "says what no worker says"};
    file_ = std::move(came_.front());
    came_.pop_front();
  }
}

Result<ParserFrame> ParserLink::receive_frame() {
  auto ready = flush();
  const auto since = Clock::now();
  if (ready) ready = fill(kHeader, since);
  if (!ready) return ready.error();
  size_t body = number_at(&in_[begin_ + 4]), bytes = number_at(&in_[begin_ + 8]);
  if (body > kMaxBody || bytes > kMaxBytes) return Error{Code::kProtocol, "says what no worker says"};
  ready = fill(kHeader + body + bytes, since);
  if (!ready) return ready.error();
  std::string_view all(&in_[begin_], kHeader + body + bytes);
  begin_ += all.size();
  return ParserFrame{static_cast<ParserWord>(number_at(all.data())), all.substr(kHeader, body),
                     as_bytes(all.substr(kHeader + body))};
}

bool ParserLink::has_received() {
  if (end_ - begin_ >= kHeader) return true;
  pollfd waiting{socket_.get(), POLLIN, 0};
  return poll(&waiting, 1, 0) > 0;
}

// Until so many bytes are there. Whoever sends one now and then does nothing, too.
Result<void> ParserLink::fill(size_t size, Clock::time_point since) {
  if (begin_ == end_) begin_ = end_ = 0;
  if (in_.size() - begin_ < size) {  // room for them, and for some more
    std::copy(in_.begin() + static_cast<ptrdiff_t>(begin_), in_.begin() + static_cast<ptrdiff_t>(end_),
              in_.begin());
    end_ -= std::exchange(begin_, 0);
    if (in_.size() < size + kReadAtOnce) in_.resize(size + kReadAtOnce);
  }
  while (end_ - begin_ < size) {
    ssize_t count = read_some(std::span(in_).subspan(end_));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return gone();
    if (count == 0) return Error{Code::kUnavailable, "is gone"};
    end_ += static_cast<size_t>(count);
    bool is_late = patience_.count() > 0 && end_ - begin_ < size && Clock::now() - since > patience_;
    if (is_late) return Error{Code::kLimit, "does nothing any more"};
  }
  return {};
}

ssize_t ParserLink::read_some(std::span<char> buffer) {
  if (files_ == Files::kRefused) return read(socket_.get(), buffer.data(), buffer.size());
  std::vector<FileHandle> files;
  ssize_t count = receive_part(socket_.get(), buffer, files);
  std::move(files.begin(), files.end(), std::back_inserter(came_));
  return count;
}

}  // namespace rebus
