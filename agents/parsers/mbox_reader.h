// MboxReader: the mails of an mbox file as members of an archive (RFC 4155).
#pragma once

#include "agents/parsers/container.h"
#include "agents/parsers/line_scanner.h"

namespace rebus {

class MboxReader final : public ArchiveReader {
 public:
  // Whether the value is one.
  static bool begins(const Value& value);

  explicit MboxReader(const Value& value) : value_(value), lines_(value) {}

  Result<std::optional<ArchiveMember>> next() override;
  std::optional<std::string> damage() override { return {}; }
  Reading read(const Use& use) override;
  Result<bool> ended_early() override { return false; }
  Result<Rest> rest() override { return Rest{}; }
  bool has_own_end() const override { return false; }
  bool has_trailing() const override { return false; }
  bool is_compressed() const override { return false; }
  bool is_compressed_zip() const override { return false; }
  bool has_directory() const override { return false; }

 private:
  Value value_;
  LineScanner lines_;
  uint64_t begin_ = 0, end_ = 0;  // of the current mail
  uint64_t next_begin_ = 0;       // 0: the line before the first mail is still to come
  uint64_t next_index_ = 0;
};

}  // namespace rebus
