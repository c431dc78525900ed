// Storage: what is remembered. One log, its indexes, and how far everybody is.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "descriptor/record.h"

namespace rebus {

// A place in a queue or in the log.
struct LogEntry {
  Seq seq = 0;
  bool is_origin = false;  // an origin that came later than its object
  Domain domain;
  std::string path;  // of the descriptor (of the object, for an origin)
  bool is_object = false;
};
// That of a descriptor.
LogEntry entry_of(const Record& record);

// Everything that one step changes; written as one. Descriptors carry their values.
struct Changes {
  std::vector<Record> descriptors;
  std::vector<Origin> origins;  // an origin whose seq is not its object's is a log entry of its own
  std::vector<Mark> marks;
  std::vector<Mark> unmarks;      // marks that are taken back
  std::vector<Attempt> attempts;  // an empty one removes what is stored
  std::vector<Running> running;
  std::vector<Collected> collected;
  std::vector<Collected> uncollected;  // what is not collected any more
  std::vector<std::pair<ConsumerId, AgentState>> states;
  std::vector<Consumer> consumers;
  std::vector<Submission> submissions;
  std::vector<Value> restored;  // values of known descriptors whose bytes were removed once
  // Positions of descriptors that go, each with its first origin, its marks and attempts, and with its bytes
  // unless another one has the same. Later origins go by themselves.
  std::vector<Seq> removed;
  std::vector<Origin> removed_origins;        // object and position are enough
  std::vector<Digest> pruned_values;          // whose bytes go
  std::vector<ConsumerId> removed_consumers;  // their marks go before them, by `unmarks`
  bool only_removes() const {
    return descriptors.empty() && origins.empty() && marks.empty() && restored.empty() &&
           !(removed.empty() && removed_origins.empty() && pruned_values.empty());
  }
  bool empty() const {
    return descriptors.empty() && origins.empty() && marks.empty() && unmarks.empty() && attempts.empty() &&
           running.empty() && collected.empty() && uncollected.empty() && states.empty() &&
           consumers.empty() && submissions.empty() && restored.empty() && removed.empty() &&
           removed_origins.empty() && pruned_values.empty() && removed_consumers.empty();
  }
};

// How many descriptors of one kind are stored.
struct TypeCount {
  Lane lane = Lane::kNormal;
  Domain domain;
  std::string path;
  bool is_object = false;
  uint64_t descriptors = 0;
};

// A page of a search: positions, and where to go on (0: at the end). It may be short, even empty, though
// there is more: one call looks at so much only.
struct Page {
  std::vector<Seq> seqs;
  uint64_t cursor = 0;
};

struct StorageStatistics {
  Seq head = 0;  // last position given out
  uint64_t descriptors = 0;
  uint64_t value_bytes = 0;  // logical: each descriptor's size added up
};

// One thread (the master's) but for values(). Errors are kStorage (the store failed: stop acknowledging),
// kNotFound, kInvalid (a bad regex).
class Storage {
 public:
  virtual ~Storage() = default;

  // Writers for new values; thread-safe. A value sealed here is stored without another copy.
  virtual ValueFactory& values() = 0;

  // --- writing ---
  // kStorage while there is no room for new descriptors: ask before making them. What notes how work goes on
  // is still taken, as long as it can be.
  virtual Result<void> has_room() = 0;
  // Makes the changes visible to reading, all or nothing. Not yet durable.
  virtual Result<void> apply(const Changes& changes) = 0;
  // Makes everything applied so far survive power loss. One call for many apply().
  virtual Result<void> commit() = 0;
  // The same in two parts, so that more can be applied while the disk works. What begin_commit() gives is
  // called once, by any thread, and its answer goes to end_commit(); only then the changes applied before are
  // durable. Nothing: they are already. One at a time; commit() may come in between.
  using Sync = std::function<Result<void>()>;
  virtual Result<Sync> begin_commit() = 0;
  virtual Result<void> end_commit(const Result<void>& synced) = 0;
  // Gives the space of what was removed back, by and by. Returns at once.
  virtual void reclaim() = 0;

  // --- identity of the store ---
  virtual const std::string& bus_name() const = 0;  // 32 hex digits, made with the store
  virtual uint64_t epoch() const = 0;               // counts openings; raised durably by opening
  virtual StorageStatistics statistics() const = 0;
  // At most `limit` of them.
  virtual Result<std::vector<TypeCount>> types(size_t limit) = 0;

  // --- reading ---
  virtual Result<Record> get(Seq seq) = 0;
  // 0: not there. A version reference gives the first descriptor stored with that version.
  virtual Result<Seq> lookup(const Domain& domain, const Selector& selector) = 0;
  // Log entries from `from` on, in order.
  virtual Result<std::vector<LogEntry>> log(Seq from, size_t limit) = 0;
  virtual Result<std::optional<Origin>> origin_at(Seq seq) = 0;  // of a log entry that is an origin
  // Log entries that are the work of one submission, from `from` on.
  virtual Result<std::vector<LogEntry>> queue(SubmissionId submission, Seq from, size_t limit) = 0;

  // Searches. `domain` empty: all of them. `cursor` 0: from the start.
  virtual Result<Page> find_regex(const std::optional<Domain>& domain, const std::string& regex,
                                  uint64_t cursor,
                                  size_t limit) = 0;  // newest first
  virtual Result<Page> find_prefix(const std::optional<Domain>& domain, const std::string& prefix,
                                   uint64_t cursor, size_t limit) = 0;  // oldest first
  virtual Result<Page> find_uuid(const std::optional<Domain>& domain, const Uuid& uuid, uint64_t cursor,
                                 size_t limit) = 0;
  virtual Result<Page> find_digest(const std::optional<Domain>& domain, const std::string& hex,
                                   uint64_t cursor,
                                   size_t limit) = 0;  // cursor: how many to skip
  virtual Result<Page> find_name(const std::optional<Domain>& domain, const std::string& name,
                                 uint64_t cursor,
                                 size_t limit) = 0;  // cursor: how many to skip
  virtual Result<Page> children(Seq parent, uint64_t cursor, size_t limit) = 0;
  virtual Result<Page> contents(Seq container, uint64_t cursor, size_t limit) = 0;  // objects, each once
  virtual Result<Page> roots(SubmissionId submission, uint64_t cursor, size_t limit) = 0;

  // By seq, from position `from` on.
  virtual Result<std::vector<Origin>> origins_of(Seq object, Seq from, size_t limit) = 0;
  virtual Result<std::vector<Origin>> origins_from(Seq container, Seq from, size_t limit) = 0;
  // The stored origin equal to `origin` (same object, container, name, ordinal; of injections also the same
  // submission), if there is one.
  virtual Result<std::optional<Origin>> same_origin(const Origin& origin) = 0;

  virtual Result<std::vector<Mark>> marks(Seq seq) = 0;
  virtual Result<bool> is_marked(Seq seq, ConsumerId consumer) = 0;
  // Marks of a consumer at or behind position `from`; looks at `limit` marks of all.
  struct MarkPage {
    std::vector<Mark> marks;
    Seq cursor = 0;  // 0: no more
  };
  virtual Result<MarkPage> marks_of(ConsumerId consumer, Seq from, size_t limit) = 0;
  // Whether the bytes of a value were removed, and did not come back.
  virtual Result<bool> is_pruned(const Digest& value) = 0;
  // Marks of a consumer that are failures, behind position `after`, oldest first.
  virtual Result<std::vector<Mark>> failures(ConsumerId consumer, Seq after, size_t limit) = 0;
  virtual Result<std::vector<Attempt>> attempts(ConsumerId consumer) = 0;  // by position
  virtual Result<std::vector<Running>> running() = 0;                      // by consumer and slot
  // What the consumer of `from` has collected, from there on, by submission and position.
  virtual Result<std::vector<Collected>> collected(const Collected& from, size_t limit) = 0;
  virtual Result<AgentState> state(ConsumerId consumer) = 0;  // an empty one if none is kept
  virtual Result<std::vector<Consumer>> consumers() = 0;
  virtual Result<Submission> submission(SubmissionId id) = 0;
  virtual SubmissionId last_submission() const = 0;
  // Submissions of a lane that have log entries after `after`.
  virtual Result<std::vector<Submission>> active_after(Lane lane, Seq after) = 0;
  virtual Result<std::vector<SubmissionId>> open_submissions() = 0;

  struct UuidLabel {
    Uuid uuid;
    std::string label;
  };
  virtual Result<std::vector<UuidLabel>> uuids(const Domain& domain, const Uuid& after, size_t limit) = 0;
};

struct StorageOptions {
  std::string kind = "ram";  // "ram" or "rocksdb"
  std::string path;          // of the rocksdb directory; made if missing (0700)
  // Puts 128 MiB of the disk by, in a file, to have room to go on with and to end properly when others fill
  // it.
  bool keeps_ballast = false;
};

// Opens a store. kStorage names what is damaged and where; a damaged store is never opened with less in it.
Result<std::unique_ptr<Storage>> open_storage(const StorageOptions& options);

}  // namespace rebus
