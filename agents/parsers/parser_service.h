// ParserService: what a worker does, in its cage: answers an agent that asks about hostile bytes.
#pragma once

#include <memory>

#include "agents/parsers/container.h"
#include "agents/parsers/magic.h"
#include "agents/parsers/parser_link.h"

namespace rebus {

class ParserService {
 public:
  // Makes the reader of an archive.
  using OpenArchive = std::unique_ptr<ArchiveReader> (*)(Value value,
                                                         const std::vector<std::string>& passwords);
  // `magic` may be null: then it identifies nothing.
  ParserService(ParserLink& link, Magic* magic, OpenArchive open_archive)
      : link_(link), magic_(magic), open_archive_(open_archive) {}
  // Until the agent is gone, or says what no agent says.
  void serve();
  // Bytes of the container, from the agent.
  Result<size_t> fetch(uint64_t offset, std::span<uint8_t> buffer);

 private:
  // Errors are of the link.
  Result<void> answer(const ParserFrame& frame);
  Result<void> sign(const ParserFrame& frame);
  Result<void> open(const ParserFrame& frame);
  Result<void> run();
  // Whether the pass goes on.
  Result<bool> next();
  Result<bool> read();
  Result<void> ended_early();
  Result<void> about();
  Result<void> begin_again(const ParserFrame& frame);
  Result<void> rest();
  Result<void> send_blocks(uint64_t offset, Bytes bytes);
  Result<void> trouble(const Error& error);
  ReaderState state() const;
  Value value_of(uint64_t size, Bytes bytes);
  void take_stop(const ParserFrame& frame);

  ParserLink& link_;
  Magic* magic_;
  OpenArchive open_archive_;
  Value value_;
  std::unique_ptr<ArchiveReader> archive_;
  std::unique_ptr<ContainedBytes> content_;  // instead
  bool runs_ahead_ = false;
  bool has_bytes_ = false;   // the current member
  uint64_t reading_ = 0;     // how many were begun
  bool is_stopped_ = false;  // the last of them
};

}  // namespace rebus
