// GzipStream: what is in gzip data (RFC 1952), member after member. libarchive reads gzip too, but checks
// neither the checksum nor the length at the end of a member.
#pragma once

#include <zlib.h>

#include <memory>
#include <optional>
#include <string>

#include "agents/parsers/byte_stream.h"

namespace rebus {

class GzipStream final : public ByteStream {
 public:
  // Whether data that begins so is gzip: magic number, method, no reserved flag.
  static bool begins(Bytes bytes);

  explicit GzipStream(std::unique_ptr<ByteStream> below);
  ~GzipStream() override;
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  Result<Bytes> next() override;
  Result<Bytes> rest() override;
  // A member came whole, but its checksum or length tells of other bytes.
  bool check_failed() const { return check_failed_; }

 private:
  enum class State { kInMember, kBehindMember, kEnded };
  Result<void> refill();
  Result<void> inflate_some();
  Result<void> begin_member();
  Result<void> skip_padding();
  Error damaged(const std::string& why) const;

  std::unique_ptr<ByteStream> below_;
  z_stream z_{};
  State state_ = State::kInMember;
  bool input_ended_ = false;
  bool check_failed_ = false;
  uint64_t members_ = 1;
  uint64_t idle_members_ = 0;  // without a byte, in a row
  uint64_t padding_ = 0;       // zeros behind a member
  std::string joined_;         // input, where a header was cut by the parts it came in
  std::vector<uint8_t> buffer_;
  std::optional<Error> error_;
};

}  // namespace rebus
