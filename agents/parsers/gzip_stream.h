// GzipStream: what is in gzip data (RFC 1952), member after member. libarchive reads gzip too, but checks
// neither the checksum nor the length at the end of a member, and takes zlib, which needs twice the time of
// ISA-L.
#pragma once

#include <isa-l/igzip_lib.h>

#include <memory>
#include <optional>
#include <string>

#include "agents/parsers/byte_stream.h"
#include "agents/parsers/gzip_header.h"

namespace rebus {

class GzipStream final : public ByteStream {
 public:
  // Whether data that begins so is gzip: magic number, method, no reserved flag.
  static bool begins(Bytes bytes);

  explicit GzipStream(std::unique_ptr<ByteStream> below);
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  Result<Bytes> next() override;
  Result<Bytes> rest() override;
  // A member came whole, but its checksum or length tells of other bytes.
  bool check_failed() const { return check_failed_; }

 private:
  enum class State { kInHeader, kInMember, kBehindMember, kEnded };
  Result<void> refill();
  Result<void> read_header();
  Result<void> inflate_some();
  Result<void> begin_member();
  Result<void> skip_padding();
  Error damaged(const std::string& why) const;

  std::unique_ptr<ByteStream> below_;
  GzipHeader header_;
  inflate_state z_;
  State state_ = State::kInHeader;
  bool input_ended_ = false;
  bool check_failed_ = false;
  uint64_t members_ = 1;
  bool is_member_empty_ = true;
  uint64_t idle_members_ = 0;  // without a byte, in a row
  uint64_t padding_ = 0;       // zeros behind a member
  std::string joined_;         // input, where a header was cut by the parts it came in
  std::vector<uint8_t> buffer_;
  std::optional<Error> error_;
};

}  // namespace rebus
