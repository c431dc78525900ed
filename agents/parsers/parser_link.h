// ParserLink: frames over the socket between an agent and a worker.
#pragma once

#include <chrono>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

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

  // Only a worker takes files: what it sends itself is not to be trusted that far.
  enum class Files { kRefused, kTaken };
  explicit ParserLink(FileHandle socket, Files files = Files::kRefused)
      : socket_(std::move(socket)), files_(files) {}
  // How long sending waits for the other end to take anything, and receive() for a whole frame; without it
  // for ever.
  void set_patience(std::chrono::seconds time);

  // kUnavailable: the other end is gone; kLimit: it does nothing for as long as the socket allows.
  Result<void> send(ParserWord word, std::string_view body, Bytes bytes = {});
  template <class T>
  Result<void> say(ParserWord word, const T& what, Bytes bytes = {}) {
    return send(word, pack(what), bytes);
  }
  // The value that is spoken of next is in this file, from its byte 0 to its end.
  Result<void> send_file(FileHandle file);
  // What is gathered, and these bytes behind it, leave now.
  Result<void> flush(Bytes bytes = {});
  // Also kProtocol: that is no frame. It is valid until the next call.
  Result<ParserFrame> receive();
  // The file that came before the last frame; none: it was taken, or the value is elsewhere.
  FileHandle take_file() { return std::move(file_); }
  // Whether receive() would not wait.
  bool has_received();

 private:
  using Clock = std::chrono::steady_clock;
  Result<ParserFrame> receive_frame();
  Result<void> fill(size_t size, Clock::time_point since);
  ssize_t read_some(std::span<char> buffer);

  FileHandle socket_;
  Files files_;
  FileHandle file_{-1};          // of the next frame, or the last
  std::deque<FileHandle> came_;  // their frames did not
  std::chrono::seconds patience_{0};
  std::string out_;
  FileHandle out_file_{-1};  // leaves with it
  std::vector<char> in_;
  size_t begin_ = 0, end_ = 0;  // in in_: what is not taken yet
};

}  // namespace rebus
