#include "agents/parsers/gzip_stream.h"

#include <algorithm>
#include <utility>

namespace rebus {
namespace {

constexpr size_t kPart = 256 << 10;  // bytes that next() gives
// What gives no bytes must not be read for ever: padding (of tapes and disk blocks) and empty members.
constexpr uint64_t kMaxPadding = 1 << 20;
constexpr uint64_t kMaxIdleMembers = 10'000;

const char* why_not(int status) {
  switch (status) {
    case ISAL_INVALID_BLOCK:
      return "invalid block";
    case ISAL_INVALID_SYMBOL:
      return "invalid symbol";
    case ISAL_INVALID_LOOKBACK:
      return "invalid distance";
    case ISAL_INCORRECT_CHECKSUM:
      return "incorrect checksum or length";
    default:
      return "not valid";
  }
}

}  // namespace

bool GzipStream::begins(Bytes bytes) {
  return bytes.size() >= 4 && bytes[0] == 0x1f && bytes[1] == 0x8b && bytes[2] == 8 && (bytes[3] & 0xe0) == 0;
}

GzipStream::GzipStream(std::unique_ptr<ByteStream> below) : below_(std::move(below)), buffer_(kPart) {
  isal_inflate_init(&z_);
}

Error GzipStream::damaged(const std::string& why) const {
  std::string where = members_ > 1 ? " in part " + std::to_string(members_) : "";
  return {Code::kFailed, "gzip data" + where + ": " + why};
}

Result<Bytes> GzipStream::next() {
  z_.next_out = buffer_.data();
  z_.avail_out = static_cast<uint32_t>(buffer_.size());
  while (!error_ && z_.avail_out > 0 && state_ != State::kEnded) {
    auto done = refill();
    if (done && state_ == State::kBehindMember)
      done = begin_member();
    else if (done)
      done = state_ == State::kInHeader ? read_header() : inflate_some();
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
  z_.next_in = const_cast<uint8_t*>(part->data());  // ISA-L does not write there
  z_.avail_in = static_cast<uint32_t>(part->size());
  return {};
}

Result<void> GzipStream::read_header() {
  Bytes bytes(z_.next_in, z_.avail_in);
  auto is_complete = header_.take(bytes);
  z_.next_in += z_.avail_in - bytes.size();
  z_.avail_in = static_cast<uint32_t>(bytes.size());
  if (!is_complete) return damaged(is_complete.error().message);
  if (!*is_complete) return input_ended_ ? damaged("it ends too early") : Result<void>();
  state_ = State::kInMember;
  is_member_empty_ = true;
  isal_inflate_reset(&z_);
  z_.crc_flag = ISAL_GZIP_NO_HDR_VER;  // its end is checked
  return {};
}

Result<void> GzipStream::inflate_some() {
  const uint32_t room = z_.avail_out;
  const int status = isal_inflate(&z_);
  const bool has_output = z_.avail_out < room;
  is_member_empty_ = is_member_empty_ && !has_output;
  check_failed_ = status == ISAL_INCORRECT_CHECKSUM;
  if (status < 0) return damaged(why_not(status));
  if (z_.block_state == ISAL_BLOCK_FINISH) {
    idle_members_ = is_member_empty_ ? idle_members_ + 1 : 0;
    state_ = State::kBehindMember;
  } else if (input_ended_ && z_.avail_in == 0 && !has_output) {
    return damaged("it ends too early");
  }
  return {};
}

Result<void> GzipStream::skip_padding() {
  uint8_t* end = z_.next_in + z_.avail_in;
  uint8_t* at = std::find_if(z_.next_in, end, [](uint8_t byte) { return byte != 0; });
  padding_ += static_cast<uint64_t>(at - z_.next_in);
  z_.avail_in = static_cast<uint32_t>(end - at);
  z_.next_in = at;
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
    z_.next_in = reinterpret_cast<uint8_t*>(joined_.data());
    z_.avail_in = static_cast<uint32_t>(joined_.size());
  }
  bool is_member = z_.avail_in >= 2 && z_.next_in[0] == 0x1f && z_.next_in[1] == 0x8b;
  if (!is_member) {
    state_ = State::kEnded;
    return {};
  }
  if (idle_members_ > kMaxIdleMembers) return damaged("too many empty parts");
  padding_ = 0;
  members_++;
  state_ = State::kInHeader;
  header_ = {};
  return {};
}

}  // namespace rebus
