// ValueWindow: a part of a value that the agent has, in a file in memory that it fills and its worker can
// only read.
#pragma once

#include <functional>

#include "agents/parsers/parser_link.h"

namespace rebus {

// Bytes of a value in the window at once, at most.
inline constexpr uint64_t kWindow = 64 << 20;

// As the worker has it.
class ValueWindow {
 public:
  // What is said by the agent while bytes of the value are waited for.
  using Aside = std::function<void(const ParserFrame&)>;

  ValueWindow(
      ParserLink& link, int file, Aside aside = [](const ParserFrame&) {})
      : link_(link), file_(file), aside_(std::move(aside)) {}

  // The agent speaks of a new value, of `size` bytes, and has put its begin into the window, or sent a file
  // that has all of it.
  void begin(uint64_t size);
  // Asks for what is not there; more, the longer it is read from one end to the other. At least one byte but
  // at the end. kUnreadable: the agent cannot read it.
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> buffer);

 private:
  Result<void> ask(uint64_t offset);

  ParserLink& link_;
  const int file_;
  FileHandle whole_{-1};  // instead
  const Aside aside_;
  uint64_t size_ = 0;               // of the value
  uint64_t begin_ = 0, count_ = 0;  // what is in the window
  uint64_t stride_ = 0;             // bytes that were asked for last
};

}  // namespace rebus
