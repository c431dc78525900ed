// MailReader: the parts of a mail as members of an archive.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agents/parsers/container.h"
#include "agents/parsers/mime_splitter.h"

namespace rebus {

// Where the parts are is our own work; names, texts and character sets are decoded by GMime. A mail in a mail
// is a member. Encrypted parts are members, too; that they are is said when they are read.
class MailReader final : public ArchiveReader {
 public:
  // Loads what decoding needs of this host: before the cage is entered.
  static void prepare();

  explicit MailReader(Value value);

  Result<std::optional<ArchiveMember>> next() override;
  std::optional<std::string> damage() override;
  Result<std::vector<TextField>> about() override;
  Reading read(const Use& use) override;
  Result<bool> ended_early() override { return splitter_.ended_early(); }
  Result<Rest> rest() override { return Rest{}; }
  bool has_own_end() const override { return false; }
  bool has_trailing() const override { return false; }
  bool is_compressed() const override { return false; }
  bool is_compressed_zip() const override { return false; }
  bool has_directory() const override { return false; }

 private:
  std::string name_of(const MimeSplitter::Part& part) const;
  Result<void> look_ahead();

  Value value_;
  MimeSplitter splitter_;
  std::optional<MimeSplitter::Part> part_;  // the current one
  std::optional<Result<std::optional<MimeSplitter::Part>>> ahead_;
  uint64_t next_index_ = 0;
};

}  // namespace rebus
