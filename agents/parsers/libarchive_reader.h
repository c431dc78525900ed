// LibarchiveReader: the members of an archive, by libarchive; SingleContent: what is in a compressed file.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agents/parsers/container.h"
#include "agents/parsers/decompression.h"
#include "agents/parsers/rar5_headers.h"

namespace rebus {

// Formats are enabled one by one: nothing here starts another program or opens a file that the archive names
// (mtree does). Compressions around the archive are taken off before.
class LibarchiveReader final : public ArchiveReader {
 public:
  LibarchiveReader(Value value, const std::vector<std::string>& passwords);
  ~LibarchiveReader() override;
  LibarchiveReader(const LibarchiveReader&) = delete;
  LibarchiveReader& operator=(const LibarchiveReader&) = delete;

  Result<std::optional<ArchiveMember>> next() override;
  std::optional<std::string> damage() override { return std::exchange(damage_, std::nullopt); }
  Reading read(const Use& use) override;
  Result<bool> ended_early() override;
  // Of a format without an end of its own only what is compressed to its end, where checksums stand.
  Result<Rest> rest() override;
  bool has_own_end() const override;
  bool has_trailing() const override;
  bool is_compressed() const override;
  bool is_compressed_zip() const override;
  bool has_directory() const override;

 private:
  struct Source;
  struct Block;
  Error failure(const std::string& what) const;
  Result<void> open();
  void note_damage(int status);
  void look_into_directory(ArchiveMember& member) const;
  void look_at_rar5(ArchiveMember& member);
  Reading checked(Reading reading, uint32_t checksum) const;
  Block next_block();
  Reading ended(End end) const;
  int format() const;         // of libarchive, without the variant
  uint64_t position() const;  // in the archive, behind what libarchive took
  Result<bool> is_cut_image() const;
  Result<Bytes> rest_bytes();
  Result<void> look_beside_directory();

  std::unique_ptr<Source> source_;
  uint64_t next_index_ = 0;
  bool is_open_ = false;
  bool is_at_rest_ = false;
  bool has_more_ = false;  // than the directory of a zip names
  std::optional<std::string> damage_;
  std::optional<Rar5Headers> rar5_;
  Rar5Headers::File rar5_file_;  // the current one
};

// What is inside all compressions around a file that is no archive; one read().
class SingleContent final : public ContainedBytes {
 public:
  explicit SingleContent(Value value) : content_(std::move(value)) {}
  Reading read(const Use& use) override;
  Result<Rest> rest() override;
  bool has_trailing() const override { return content_.has_trailing(); }

 private:
  Decompression content_;
};

}  // namespace rebus
