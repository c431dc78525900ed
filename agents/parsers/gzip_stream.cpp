#include "agents/parsers/gzip_stream.h"

#include <cstring>
#include <new>
#include <utility>

namespace rebus {
namespace {

constexpr size_t kPart = 256 << 10;  // bytes that next() gives
// What gives no bytes must not be read for ever: padding (of tapes and disk blocks) and empty members.
constexpr uint64_t kMaxPadding = 1 << 20;
constexpr uint64_t kMaxIdleMembers = 10'000;
constexpr int kGzipWindow = 16 + MAX_WBITS;  // zlib: gzip only, and check its end

}  // namespace

bool GzipStream::begins(Bytes bytes) {
  return bytes.size() >= 4 && bytes[0] == 0x1f && bytes[1] == 0x8b && bytes[2] == 8 && (bytes[3] & 0xe0) == 0;
}

GzipStream::GzipStream(std::unique_ptr<ByteStream> below) : below_(std::move(below)), buffer_(kPart) {
  if (inflateInit2(&z_, kGzipWindow) != Z_OK) throw std::bad_alloc();
}

GzipStream::~GzipStream() { inflateEnd(&z_); }

Error GzipStream::damaged(const std::string& why) const {
  std::string where = members_ > 1 ? " in part " + std::to_string(members_) : "";
  return {Code::kFailed, "gzip data" + where + ": " + why};
}

Result<Bytes> GzipStream::next() {
  z_.next_out = buffer_.data();
  z_.avail_out = static_cast<uInt>(buffer_.size());
  while (!error_ && z_.avail_out > 0 && state_ != State::kEnded) {
    auto done = refill();
    if (done) done = state_ == State::kInMember ? inflate_some() : begin_member();
    if (!done) error_ = done.error();
  }
  size_t count = buffer_.size() - z_.avail_out;
  if (count == 0 && error_) return *error_;
  return Bytes(buffer_).first(count);
}

Result<Bytes> GzipStream::rest() {
  if (z_.avail_in == 0) return below_->next();
  return Bytes(z_.next_in, std::exchange(z_.avail_in, 0));
}

Result<void> GzipStream::refill() {
  if (z_.avail_in > 0 || input_ended_) return {};
  auto part = below_->next();
  if (!part) return part.error();
  input_ended_ = part->empty();
  z_.next_in = const_cast<Bytef*>(part->data());  // zlib does not write there
  z_.avail_in = static_cast<uInt>(part->size());
  return {};
}

Result<void> GzipStream::inflate_some() {
  int status = inflate(&z_, Z_NO_FLUSH);
  switch (status) {
    case Z_OK:
      return {};
    case Z_BUF_ERROR:
      if (input_ended_) return damaged("it ends too early");
      return {};
    case Z_STREAM_END:
      idle_members_ = z_.total_out == 0 ? idle_members_ + 1 : 0;
      state_ = State::kBehindMember;
      return {};
    case Z_MEM_ERROR:
      throw std::bad_alloc();
    default:
      break;
  }
  std::string why = z_.msg != nullptr ? z_.msg : "not valid";
  check_failed_ = why == "incorrect data check" || why == "incorrect length check";
  return damaged(why);
}

Result<void> GzipStream::skip_padding() {
  const Bytef* end = z_.next_in + z_.avail_in;
  const Bytef* at = std::find_if(z_.next_in, const_cast<Bytef*>(end), [](Bytef byte) { return byte != 0; });
  padding_ += static_cast<uint64_t>(at - z_.next_in);
  z_.avail_in = static_cast<uInt>(end - at);
  z_.next_in = const_cast<Bytef*>(at);
  return padding_ > kMaxPadding ? damaged("too many zeros follow") : Result<void>();
}

Result<void> GzipStream::begin_member() {
  auto skipped = skip_padding();
  if (!skipped) return skipped;
  if (z_.avail_in == 0 && !input_ended_) return {};
  if (z_.avail_in == 1 && !input_ended_) {  // the two magic bytes are needed at once
    std::string first(1, static_cast<char>(*z_.next_in));
    z_.avail_in = 0;
    auto more = refill();
    if (!more) return more;
    joined_ = first + std::string(reinterpret_cast<const char*>(z_.next_in), z_.avail_in);
    z_.next_in = reinterpret_cast<Bytef*>(joined_.data());
    z_.avail_in = static_cast<uInt>(joined_.size());
  }
  bool is_member = z_.avail_in >= 2 && z_.next_in[0] == 0x1f && z_.next_in[1] == 0x8b;
  if (!is_member) {
    state_ = State::kEnded;
    return {};
  }
  if (idle_members_ > kMaxIdleMembers) return damaged("too many empty parts");
  padding_ = 0;
  members_++;
  state_ = State::kInMember;
  inflateReset(&z_);
  return {};
}

}  // namespace rebus
