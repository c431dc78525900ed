// Result<T>: a value, or one Error with a sentence for the user. No exceptions cross a folder.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace rebus {

// Closed list; the numbers go over the wire (docs/protocol.md) and never change.
enum class Code : uint8_t {
  kInvalid = 1,      // malformed input: selector, option, message
  kNotFound = 2,     // no such descriptor, value, file
  kConflict = 3,     // same identity, other bytes
  kLoop = 4,         // push refused: type path repeats in its ancestry
  kLimit = 5,        // a budget or size limit was reached
  kStorage = 6,      // the store failed or is damaged
  kUnreadable = 7,   // an input file could not be read
  kUnavailable = 8,  // the bus cannot be reached, or the peer is not known (any more)
  kTryLater = 9,     // an agent asks for a retry
  kFailed = 10,      // an agent or a parser failed on this value
  kStopped = 11,     // interrupted by the user or by shutdown
  kProtocol = 12,    // peer speaks another version or breaks the protocol
};

// Name for logs and JSON, e.g. "not_found".
const char* code_name(Code code);

struct Error {
  Code code = Code::kInvalid;
  std::string message;  // one sentence: what, why, what to do; external text in it is escaped
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return ok(); }
  bool ok() const { return state_.index() == 0; }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(value()); }  // by value: safe in `for (x : *call())`
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const {
    assert(!ok());
    return std::get<1>(state_);
  }

 private:
  T& value() {
    assert(ok());
    return std::get<0>(state_);
  }
  const T& value() const {
    assert(ok());
    return std::get<0>(state_);
  }
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)
  explicit operator bool() const { return ok(); }
  bool ok() const { return !error_; }
  const Error& error() const {
    assert(error_);
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace rebus
