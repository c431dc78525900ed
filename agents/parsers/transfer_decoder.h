// TransferDecoder: the bytes of a part out of the encoding in which mails carry them (RFC 2045, 6).
#pragma once

#include <memory>
#include <string>

#include "descriptor/digest.h"

struct _GMimeEncoding;

namespace rebus {

class TransferDecoder {
 public:
  // `encoding` as the header field says it, in any case. Of one that is not known bytes stay as they are.
  explicit TransferDecoder(const std::string& encoding);
  ~TransferDecoder();
  TransferDecoder(const TransferDecoder&) = delete;
  TransferDecoder& operator=(const TransferDecoder&) = delete;

  // What the next bytes give. Valid until the next call.
  Bytes decode(Bytes bytes);
  // After all: what is wrong with them; empty: nothing.
  std::string flaw() const;

 private:
  void check_base64(Bytes bytes);
  Bytes behind_begin(Bytes bytes);

  enum class Kind : uint8_t { kIdentity, kBase64, kQuoted, kUuencode, kUnknown };
  Kind kind_ = Kind::kIdentity;
  std::unique_ptr<_GMimeEncoding> state_;
  std::string out_;
  std::string before_;  // the line that begins uuencoded text, as far as it came
  uint64_t digits_ = 0, padding_ = 0;
  bool has_strangers_ = false;  // bytes that are no base64, or something behind its end
};

}  // namespace rebus
