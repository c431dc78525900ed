// What comes out of a container: the seam between taking apart, which agents do, and parsing, which is done
// in a cage (agents/support/sandbox).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "descriptor/result.h"
#include "descriptor/value.h"

namespace rebus {

// Compressions over each other that are taken off; libarchive's own limit is the same (MAX_NUMBER_FILTERS).
inline constexpr int kMaxCompressions = 25;

// A pass over bytes that stand in a container. One thread.
class ContainedBytes {
 public:
  virtual ~ContainedBytes() = default;

  // How a reading ended. Numbers rise with the damage.
  enum class End : uint8_t {
    kWhole,
    kDamaged,     // all bytes came, but the container says they are wrong (checksum, size)
    kUnreadable,  // this member cannot be read, the next ones can
    kBroken,      // nothing after this can be read
    kStopped,     // by `use`
  };
  struct Reading {
    End end = End::kWhole;
    std::string message;         // of the parser, escaped
    std::optional<Error> error;  // of `use`, or of reading the container
  };
  // Gives bytes with their offsets; holes between them are zeros that `use` makes itself. A last call without
  // bytes tells the length of a member that ends in a hole, else offset 0. Offsets are claims of the
  // container.
  using Use = std::function<Result<void>(uint64_t offset, Bytes bytes)>;
  virtual Reading read(const Use& use) = 0;

  // A part of what stands behind the end.
  struct Rest {
    uint64_t size = 0;  // bytes; 0: there is no more
    bool is_zero = true;
  };
  // After all was read, until there is no more; whoever reads it to its end has the checks made that stand
  // there. Errors as of ArchiveReader::next().
  virtual Result<Rest> rest() = 0;
  // Whether there is something behind the end of a compression, or beside what the directory of a zip names.
  virtual bool has_trailing() const = 0;
};

struct ArchiveMember {
  enum class Type : uint8_t { kFile, kHardlink, kSymlink, kDirectory, kOther };
  Type type = Type::kFile;
  uint64_t index = 0;       // position in the archive, from 0
  std::string name;         // full path, raw bytes; empty if the archive gives none
  std::string link_target;  // of links
  bool encrypted = false;
  uint64_t size = 0;           // as declared: a claim of the archive, not to be trusted
  bool is_unreadable = false;  // a directory with bytes, which libarchive does not give
  uint64_t device = 0, inode = 0;
  uint32_t links = 1;  // names that the archive says this file has
  template <class A>
  void fields(A& a) {
    a(1, type), a(2, index), a(3, name), a(4, link_target), a(5, encrypted), a(6, size), a(7, is_unreadable);
    a(8, device), a(9, inode), a(10, links);
  }
};

// What a container says of itself.
struct TextField {
  std::string name, text;  // any bytes
  template <class A>
  void fields(A& a) {
    a(1, name), a(2, text);
  }
};

// One pass over the members of an archive; read() reads the current one.
class ArchiveReader : public ContainedBytes {
 public:
  // The next member; nothing at the end. An Error ends the pass: kFailed for a damaged or unknown archive,
  // kLimit for too many compressions over each other, else what reading the value gave.
  virtual Result<std::optional<ArchiveMember>> next() = 0;
  // Before the first next(): the header fields of a mail, decoded; other containers tell nothing.
  virtual Result<std::vector<TextField>> about() { return std::vector<TextField>(); }
  // What the parser said of damaged headers since the last call; it goes on behind them.
  virtual std::optional<std::string> damage() = 0;
  // After next() gave nothing: whether the end came too early, of a tar without its end mark, an ar with half
  // a header, an ISO image shorter than it says. libarchive takes each for an ordinary end.
  virtual Result<bool> ended_early() = 0;
  // Whether bytes of rest() other than zeros are not a part of the archive.
  virtual bool has_own_end() const = 0;
  // Whether there are compressions around the archive.
  virtual bool is_compressed() const = 0;
  // Whether it is a zip in a compression: as a file of its own it can be sought in, and read by its
  // directory.
  virtual bool is_compressed_zip() const = 0;
  // Whether the format keeps a directory, so that what comes after a broken member can still be reached.
  virtual bool has_directory() const = 0;
};

// Whether it can be read.
bool has_bytes(const ArchiveMember& member);
// What of "memory" and "time" a message tells to be too little for the parser; nothing: it tells of something
// else.
std::optional<std::string> limit_told_by(const std::string& message);
// Whether a message tells of encryption rather than of damage.
bool tells_of_encryption(const std::string& message);

}  // namespace rebus
