// The values of a message: headers in its body, bytes in the value part of its frame. docs/protocol.md,
// "Values".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/message.h"

namespace rebus {

struct ValueHeader {
  uint64_t size = 0;  // bytes
  Digest digest;      // SHA-256
  bool inlined = false;
  template <class A>
  void fields(A& a) {
    a(1, size), a(2, digest), a(3, inlined);
  }
};

// Whether the bytes of a value come along with its descriptor.
enum class Ride {
  kMust,      // a new value: nobody else has it
  kMay,       // a stored one: what does not fit can be read
  kUploaded,  // it went before
};

// Puts values in, in the order of their descriptors.
class ValuePacker {
 public:
  void add(const Value& value, Ride ride);
  // Why a value that must ride cannot: kLimit, or what reading it gave.
  const std::optional<Error>& error() const { return error_; }
  std::vector<ValueHeader> take_headers() { return std::move(headers_); }
  std::string take_bytes() { return std::move(bytes_); }

 private:
  Result<void> inline_bytes(const Value& value);

  std::vector<ValueHeader> headers_;
  std::string bytes_;
  std::optional<Error> error_;
};

// Takes them out in the same order.
class ValueUnpacker {
 public:
  ValueUnpacker(const std::vector<ValueHeader>& headers, std::string_view bytes)
      : headers_(headers), bytes_(bytes) {}
  // Gives the descriptor its value: inlined bytes, compared with their digest, or an AbsentSource.
  void take(Descriptor& d, Ride ride);
  // After the last one: what was wrong, or nullptr.
  const char* end();

 private:
  void take_inlined(Descriptor& d, const ValueHeader& header);
  void fail(const char* fault) {
    if (fault_ == nullptr) fault_ = fault;
  }

  const std::vector<ValueHeader>& headers_;
  std::string_view bytes_;
  size_t next_ = 0;
  const char* fault_ = nullptr;
};

}  // namespace rebus
