// TableStorage: the storage's logic, the same over every engine.
#pragma once

#include <functional>
#include <set>

#include "storage/change_writer.h"
#include "storage/recent_records.h"
#include "storage/store_state.h"

namespace rebus {

// What a new store begins with: its format, its name, no epoch yet.
Result<void> create_store(Table& table);

class TableStorage final : public Storage {
 public:
  // The table holds what create_store() wrote. Raises the epoch, durably.
  static Result<std::unique_ptr<TableStorage>> open(std::shared_ptr<Table> table,
                                                    std::unique_ptr<ValueStore> values,
                                                    std::unique_ptr<Surroundings> surroundings = nullptr);

  ValueFactory& values() override { return values_->factory(); }
  Result<void> has_room() override;
  Result<void> apply(const Changes& changes) override;
  Result<void> commit() override;
  Result<Sync> begin_commit() override;
  Result<void> end_commit(const Result<void>& synced) override;
  void reclaim() override { table_->reclaim(); }

  const std::string& bus_name() const override { return bus_name_; }
  uint64_t epoch() const override { return epoch_; }
  StorageStatistics statistics() const override;
  Result<std::vector<TypeCount>> types(size_t limit) override;

  Result<Record> get(Seq seq) override;
  Result<Seq> lookup(const Domain& domain, const Selector& selector) override;
  Result<std::vector<LogEntry>> log(Seq from, size_t limit) override;
  Result<std::optional<Origin>> origin_at(Seq seq) override;
  Result<std::vector<LogEntry>> queue(SubmissionId submission, Seq from, size_t limit) override;

  Result<Page> find_regex(const std::optional<Domain>& domain, const std::string& regex, uint64_t cursor,
                          size_t limit) override;
  Result<Page> find_prefix(const std::optional<Domain>& domain, const std::string& prefix, uint64_t cursor,
                           size_t limit) override;
  Result<Page> find_uuid(const std::optional<Domain>& domain, const Uuid& uuid, uint64_t cursor,
                         size_t limit) override;
  Result<Page> find_digest(const std::optional<Domain>& domain, const std::string& hex, uint64_t cursor,
                           size_t limit) override;
  Result<Page> find_name(const std::optional<Domain>& domain, const std::string& name, uint64_t cursor,
                         size_t limit) override;
  Result<Page> children(Seq parent, uint64_t cursor, size_t limit) override;
  Result<Page> contents(Seq container, uint64_t cursor, size_t limit) override;
  Result<Page> roots(SubmissionId submission, uint64_t cursor, size_t limit) override;

  Result<std::vector<Origin>> origins_of(Seq object, Seq from, size_t limit) override;
  Result<std::vector<Origin>> origins_from(Seq container, Seq from, size_t limit) override;
  Result<std::optional<Origin>> same_origin(const Origin& origin) override;

  Result<std::vector<Mark>> marks(Seq seq) override;
  Result<bool> is_marked(Seq seq, ConsumerId consumer) override;
  Result<MarkPage> marks_of(ConsumerId consumer, Seq from, size_t limit) override;
  Result<bool> is_pruned(const Digest& value) override;
  Result<std::vector<Mark>> failures(ConsumerId consumer, Seq after, size_t limit) override;
  Result<std::vector<Attempt>> attempts(ConsumerId consumer) override;
  Result<std::vector<Running>> running() override;
  Result<std::vector<Collected>> collected(const Collected& from, size_t limit) override;
  Result<AgentState> state(ConsumerId consumer) override;
  Result<std::vector<Consumer>> consumers() override;
  Result<Submission> submission(SubmissionId id) override;
  SubmissionId last_submission() const override { return totals_.last_submission; }
  Result<std::vector<Submission>> active_after(Lane lane, Seq after) override;
  Result<std::vector<SubmissionId>> open_submissions() override;
  Result<std::vector<UuidLabel>> uuids(const Domain& domain, const Uuid& after, size_t limit) override;

 private:
  TableStorage(std::shared_ptr<Table> table, std::unique_ptr<ValueStore> values,
               std::unique_ptr<Surroundings> surroundings);
  Result<void> load();
  Result<void> load_identity();
  Result<void> load_totals();
  Result<void> load_open_submissions();
  Result<void> raise_epoch();
  Result<std::string> system(const char* key);
  StoreState state() const { return {bus_name_, epoch_, totals_.head}; }
  Result<uint64_t> last_key(Family family);

  Result<void> write(ChangeWriter& writer);
  void note_open(const std::vector<Submission>& submissions);
  Error fail(const Error& error);

  Result<std::string> must_get(Family family, const std::string& key);
  Result<Record> stored_record(Seq seq);
  Result<Origin> origin(Seq object, Seq seq);
  Result<Seq> lookup_version(const Domain& domain, const std::string& path, int64_t version);
  // Entries of a family whose keys begin with `prefix`, from `start` on, until `use` gives false.
  Result<void> scan(Family family, std::string_view prefix, std::string_view start, const UseEntry& use);
  // A page of the numbers that stand last in keys after `prefix`; the cursor is the first of the next page.
  Result<Page> page_of(Family family, const std::string& prefix, uint64_t cursor, size_t limit,
                       const std::optional<Domain>& domain = std::nullopt);
  Result<std::vector<LogEntry>> entries(Family family, const std::string& prefix, Seq from, size_t limit);
  template <class T>
  Result<T> decode(Family family, std::string_view key, std::string_view value);

  std::unique_ptr<Surroundings> surroundings_;  // may be null
  std::shared_ptr<Table> table_;
  std::unique_ptr<ValueStore> values_;
  std::string bus_name_;
  uint64_t epoch_ = 0;
  Totals totals_;
  std::set<SubmissionId> open_submissions_;
  RecentRecords recent_;
  bool is_dirty_ = false;         // something was applied since the last commit
  StoreState committing_;         // as it was when that began
  std::optional<Error> failure_;  // of a write or sync: nothing is written any more
};

}  // namespace rebus
