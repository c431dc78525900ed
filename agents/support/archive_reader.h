// ArchiveReader: one pass over the members of an archive that is held in a Value. All of libarchive is behind
// it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "descriptor/value.h"

namespace rebus {

struct ArchiveMember {
  enum class Type { kFile, kHardlink, kSymlink, kDirectory, kOther };
  Type type = Type::kFile;
  uint64_t index = 0;       // position in the archive, from 0
  std::string name;         // full path, raw bytes; empty if the archive gives none
  std::string link_target;  // of links
  bool encrypted = false;
  uint64_t size = 0;           // as declared: a claim of the archive, not to be trusted
  bool is_unreadable = false;  // a directory with bytes, which libarchive does not give
  uint64_t device = 0, inode = 0;
  uint32_t links = 1;  // names that the archive says this file has
};

// Formats are enabled one by one: nothing here starts another program or opens a file that the archive names
// (mtree does). Compressions around the archive are taken off before. Not thread-safe.
class ArchiveReader {
 public:
  ArchiveReader(Value value, const std::vector<std::string>& passwords);
  ~ArchiveReader();
  ArchiveReader(const ArchiveReader&) = delete;
  ArchiveReader& operator=(const ArchiveReader&) = delete;

  // The next member; nothing at the end. An Error ends the pass: kFailed for a damaged or unknown archive,
  // kLimit for too many compressions over each other, else what reading the value gave.
  Result<std::optional<ArchiveMember>> next();
  // What libarchive said of damaged headers since the last call; it goes on behind them.
  std::optional<std::string> damage() { return std::exchange(damage_, std::nullopt); }

  // How the reading of one member ended. Numbers rise with the damage.
  enum class End {
    kWhole,
    kDamaged,     // all bytes came, but the archive says they are wrong (checksum, size)
    kUnreadable,  // this member cannot be read, the next ones can
    kBroken,      // nothing after this can be read
    kStopped,     // by `use`
  };
  struct Reading {
    End end = End::kWhole;
    std::string message;         // of libarchive, escaped
    std::optional<Error> error;  // of `use`, or of reading the value
  };
  // Gives the bytes of the current member with their offsets; holes between them are zeros that `use` makes
  // itself. A last call without bytes tells the length of a member that ends in a hole, else offset 0.
  // Offsets are claims of the archive.
  using Use = std::function<Result<void>(uint64_t offset, Bytes bytes)>;
  Reading read(const Use& use);

  // After next() gave nothing: whether the end came too early, of a tar without its end mark, an ar with half
  // a header, an ISO image shorter than it says. libarchive takes each for an ordinary end.
  Result<bool> ended_early();
  // After that, until it gives nothing: what stands behind the end, if the format has an end of its own. For
  // others only reads what is compressed to its end, where checksums stand. Errors as of next().
  Result<Bytes> rest();
  // Whether bytes of rest() other than zeros are not a part of the archive.
  bool has_own_end() const;
  // Whether there is something behind the end of the compression.
  bool has_trailing() const;
  // Compressions found around the archive.
  int compressions() const;
  // Whether it is a zip in a compression: as a file of its own it can be sought in, and read by its
  // directory.
  bool is_compressed_zip() const;
  // Whether the format keeps a directory, so that what comes after a broken member can still be reached.
  bool has_directory() const;
  // Whether a message tells of encryption rather than of damage.
  static bool tells_of_encryption(const std::string& message);

 private:
  struct Source;
  struct Block;
  Error failure(const std::string& what) const;
  Result<void> open();
  void note_damage(int status);
  void look_into_directory(ArchiveMember& member) const;
  Block next_block();
  Reading ended(End end) const;
  int format() const;         // of libarchive, without the variant
  uint64_t position() const;  // in the archive, behind what libarchive took
  Result<bool> is_cut_image() const;

  std::unique_ptr<Source> source_;
  uint64_t next_index_ = 0;
  bool is_open_ = false;
  bool is_at_rest_ = false;
  std::optional<std::string> damage_;
};

}  // namespace rebus
