// Table: an ordered map from bytes to bytes, in families. What the engines have in common; all that the
// storage knows of an engine.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "descriptor/result.h"

namespace rebus {

// Each family has its own keys (keys.h). Numbers are on disk (docs/storage_format.md) and never change.
enum class Family : uint8_t {
  kSystem = 1,       // format, bus name, epoch, totals
  kLog = 2,          // seq -> log entry
  kBytes = 3,        // value digest -> bytes
  kStored = 4,       // value digest: which values are in kBytes, asked without reading them
  kFile = 5,         // value digest -> BlockChecksums: which values are in files
  kIdentity = 6,     // id, domain, path -> seq
  kDigest = 7,       // value digest, seq -> id, domain; where the id is another digest
  kPath = 8,         // domain, path, seq -> id
  kVersion = 9,      // domain, path, version -> first seq
  kUuid = 10,        // uuid, seq -> domain
  kLabel = 11,       // domain, uuid -> label
  kChild = 12,       // parent, child
  kOrigin = 13,      // object, seq -> Origin
  kContainer = 14,   // container, seq -> object
  kContent = 15,     // container, object
  kRoot = 16,        // submission, object
  kSameOrigin = 17,  // object, container, submission, ordinal, name -> seq
  kName = 18,        // name, object -> domain
  kMark = 19,        // seq, consumer -> outcome, message
  kConsumer = 20,    // consumer -> Consumer
  kSubmission = 21,  // submission -> Submission
  kActive = 22,      // lane, last seq (coarse), submission -> last seq
  kOpen = 23,        // submission
  kQueue = 24,       // submission, seq -> head of the log entry
  kFailure = 25,     // consumer, seq: of marks that are failures
  kAttempt = 26,     // consumer, seq -> Attempt
  kRunning = 27,     // consumer, slot -> seq, token
  kCollected = 28,   // consumer, submission, seq
  kState = 29,       // consumer -> AgentState
  kPruned = 30,      // value digest: which values had their bytes removed
  kType = 31,        // lane, whether objects, domain, path -> number of descriptors
};
inline constexpr size_t kFamilies = 32;

// For messages.
const char* family_name(Family family);

// One change. `borrowed` spares a copy of a value's bytes: they live until the batch is written.
struct Operation {
  Family family;
  bool removes = false;
  std::string key;
  std::string owned;
  std::string_view borrowed;
  std::string_view value() const { return borrowed.empty() ? std::string_view(owned) : borrowed; }
};
using Batch = std::deque<Operation>;

// A place in one family. key() and value() hold until it moves. Whoever finds it not valid asks status().
class TableIterator {
 public:
  virtual ~TableIterator() = default;
  virtual void seek(std::string_view key) = 0;       // first entry at or after
  virtual void seek_back(std::string_view key) = 0;  // last entry at or before
  virtual void next() = 0;
  virtual void previous() = 0;
  virtual bool valid() const = 0;
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  virtual Result<void> status() const = 0;
};

// One thread, but get() and sync() are for any. All errors are kStorage and name the place and the key.
class Table {
 public:
  virtual ~Table() = default;
  virtual Result<std::optional<std::string>> get(Family family, std::string_view key) const = 0;
  virtual std::unique_ptr<TableIterator> iterate(Family family) const = 0;
  // All or nothing; visible at once, not yet durable.
  virtual Result<void> write(Batch batch) = 0;
  // Makes what was written durable.
  virtual Result<void> sync() = 0;
  // Gives the space of what was removed back to whatever it is on, by and by. Returns at once.
  virtual void reclaim() = 0;
  // For messages: a directory, or "memory".
  virtual const std::string& place() const = 0;
};

// Calls `use` with key and value of the entries whose keys begin with `prefix`, from `start` on, until it
// gives false.
using UseEntry = std::function<Result<bool>(std::string_view key, std::string_view value)>;
Result<void> scan(const Table& table, Family family, std::string_view prefix, std::string_view start,
                  const UseEntry& use);

// The sentence for something in a table that is not as it was written.
Error damaged(const Table& table, Family family, std::string_view key, const std::string& why);

}  // namespace rebus
