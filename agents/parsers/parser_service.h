// ParserService: what a worker does, in its cage: answers an agent that asks about hostile bytes.
#pragma once

#include <memory>
#include <optional>

#include "agents/parsers/block_ring.h"
#include "agents/parsers/container.h"
#include "agents/parsers/magic.h"
#include "agents/parsers/value_window.h"

namespace rebus {

// The ring that the agent has given as standard error, which is somewhere else from then on: what a library
// writes there is no member.
Result<void> map_blocks(std::optional<BlockWriter>& blocks);

class ParserService {
 public:
  // Makes the reader of an archive.
  using OpenArchive = std::unique_ptr<ArchiveReader> (*)(Value value,
                                                         const std::vector<std::string>& passwords);
  // What it works with; what is null it does not do: identify, take apart.
  struct Means {
    Magic* magic = nullptr;
    BlockWriter* blocks = nullptr;
    OpenArchive open_archive = nullptr;
  };
  ParserService(ParserLink& link, const Means& means);
  // Until the agent is gone, or says what no agent says.
  void serve();

 private:
  // Errors are of the link.
  Result<void> answer(const ParserFrame& frame);
  Result<void> identify();
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
  Value value_of(uint64_t size);
  void take_aside(const ParserFrame& frame);

  ParserLink& link_;
  const Means means_;
  ValueWindow window_;
  Value value_;
  std::unique_ptr<ArchiveReader> archive_;
  std::unique_ptr<ContainedBytes> content_;  // instead
  bool runs_ahead_ = false;
  bool has_bytes_ = false;   // the current member
  uint64_t reading_ = 0;     // how many were begun
  bool is_stopped_ = false;  // the last of them
  uint64_t unsaid_ = 0;      // bytes of blocks that are gathered
};

}  // namespace rebus
