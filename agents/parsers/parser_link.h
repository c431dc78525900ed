// ParserLink: frames over the socket between an agent and a worker.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "agents/parsers/parser_messages.h"
#include "descriptor/file_handle.h"
#include "descriptor/pack.h"

namespace rebus {

struct ParserFrame {
  ParserWord word{};
  std::string_view body;  // packed
  Bytes bytes;            // of a value
};

// A frame is 12 bytes, little-endian: its word, the length of its body, that of its bytes; then both. What is
// sent is gathered, and leaves at the latest with receive().
class ParserLink {
 public:
  static constexpr size_t kMaxBody = 4 << 20;   // bytes; more: the other end misbehaves
  static constexpr size_t kMaxBytes = 2 << 20;  // bytes

  explicit ParserLink(FileHandle socket) : socket_(std::move(socket)) {}
  // How long sending waits for the other end to take anything, and receive() for a whole frame; without it
  // for ever.
  void set_patience(std::chrono::seconds time);

  // kUnavailable: the other end is gone; kLimit: it does nothing for as long as the socket allows.
  Result<void> send(ParserWord word, std::string_view body, Bytes bytes = {});
  template <class T>
  Result<void> say(ParserWord word, const T& what, Bytes bytes = {}) {
    return send(word, pack(what), bytes);
  }
  // What is gathered, and these bytes behind it, leave now.
  Result<void> flush(Bytes bytes = {});
  // Also kProtocol: that is no frame. It is valid until the next call.
  Result<ParserFrame> receive();
  // Whether receive() would not wait.
  bool has_received();

 private:
  using Clock = std::chrono::steady_clock;
  Result<void> fill(size_t size, Clock::time_point since);

  FileHandle socket_;
  std::chrono::seconds patience_{0};
  std::string out_;
  std::vector<char> in_;
  size_t begin_ = 0, end_ = 0;  // in in_: what is not taken yet
};

}  // namespace rebus
