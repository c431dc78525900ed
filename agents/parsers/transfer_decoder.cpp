#include "agents/parsers/transfer_decoder.h"

#include <gmime/gmime-encodings.h>
#include <strings.h>

#include <algorithm>
#include <cctype>

namespace rebus {

TransferDecoder::TransferDecoder(const std::string& encoding) {
  GMimeContentEncoding known = g_mime_content_encoding_from_string(encoding.c_str());
  switch (known) {
    case GMIME_CONTENT_ENCODING_BASE64:
      kind_ = Kind::kBase64;
      break;
    case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
      kind_ = Kind::kQuoted;
      break;
    case GMIME_CONTENT_ENCODING_UUENCODE:
      kind_ = Kind::kUuencode;
      break;
    case GMIME_CONTENT_ENCODING_DEFAULT:
      kind_ = encoding.empty() ? Kind::kIdentity : Kind::kUnknown;
      break;
    default:
      break;
  }
  if (kind_ == Kind::kIdentity || kind_ == Kind::kUnknown) return;
  state_ = std::make_unique<_GMimeEncoding>();
  g_mime_encoding_init_decode(state_.get(), known);
}

TransferDecoder::~TransferDecoder() = default;

Bytes TransferDecoder::decode(Bytes bytes) {
  if (!state_) return bytes;
  if (kind_ == Kind::kBase64) check_base64(bytes);
  if (kind_ == Kind::kUuencode) bytes = behind_begin(bytes);
  out_.resize(g_mime_encoding_outlen(state_.get(), bytes.size()));
  size_t size = g_mime_encoding_step(state_.get(), reinterpret_cast<const char*>(bytes.data()), bytes.size(),
                                     out_.data());
  return as_bytes(out_).first(size);
}

// GMime wants to be told where it begins.
Bytes TransferDecoder::behind_begin(Bytes bytes) {
  constexpr size_t kMostBefore = 64 << 10;
  if ((state_->state & GMIME_UUDECODE_STATE_BEGIN) != 0) return bytes;
  const size_t known = before_.size();
  before_ += as_text(bytes);
  size_t begin = before_.starts_with("begin ") ? 0 : before_.find("\nbegin ");
  size_t end = begin != before_.npos ? before_.find('\n', begin + 1) : before_.npos;
  if (end == before_.npos) {
    before_.resize(std::min(before_.size(), kMostBefore));
    return {};
  }
  state_->state |= GMIME_UUDECODE_STATE_BEGIN;
  return bytes.subspan(end + 1 - known);
}

// GMime passes over what is no base64.
void TransferDecoder::check_base64(Bytes bytes) {
  for (uint8_t byte : bytes) {
    bool is_digit = std::isalnum(byte) != 0 || byte == '+' || byte == '/';
    if (is_digit) digits_++;
    if (byte == '=') padding_++;
    bool is_known = is_digit || byte == '=' || std::isspace(byte) != 0;
    has_strangers_ = has_strangers_ || !is_known || (is_digit && padding_ > 0);
  }
}

std::string TransferDecoder::flaw() const {
  constexpr uint64_t kGroup = 4;
  if (kind_ == Kind::kUnknown) return "its transfer encoding is not known: bytes are as they stand there";
  bool has_end = kind_ != Kind::kUuencode || (state_->state & GMIME_UUDECODE_STATE_END) != 0;
  if (!has_end) return "its uuencoded text is cut off";
  if (kind_ != Kind::kBase64) return {};
  if (has_strangers_) return "something in it is no base64";
  if ((digits_ + padding_) % kGroup != 0) return "its base64 is cut off";
  return {};
}

}  // namespace rebus
