#include "storage/table_storage.h"

#include "descriptor/crash_point.h"
#include "descriptor/pack.h"
#include "storage/keys.h"

namespace rebus {

Result<void> create_store(Table& table) {
  Transaction transaction(table);
  transaction.put(Family::kSystem, kFormatKey, KeyWriter().u32(kFormatVersion).take());
  transaction.put(Family::kSystem, kBusKey, to_hex(as_bytes(random_salt())));
  transaction.put(Family::kSystem, kEpochKey, number_key(0));
  transaction.put(Family::kSystem, kTotalsKey, pack(Totals{}));
  auto written = table.write(transaction.take());
  return written ? table.sync() : written;
}

// --- opening ---

TableStorage::TableStorage(std::shared_ptr<Table> table, std::unique_ptr<ValueStore> values,
                           std::unique_ptr<Surroundings> surroundings)
    : surroundings_(std::move(surroundings)), table_(std::move(table)), values_(std::move(values)) {}

Result<std::unique_ptr<TableStorage>> TableStorage::open(std::shared_ptr<Table> table,
                                                         std::unique_ptr<ValueStore> values,
                                                         std::unique_ptr<Surroundings> surroundings) {
  std::unique_ptr<TableStorage> storage(
      new TableStorage(std::move(table), std::move(values), std::move(surroundings)));
  auto loaded = storage->load();
  if (!loaded) return loaded.error();
  return storage;
}

// Nothing is changed before all of it is known to be whole.
Result<void> TableStorage::load() {
  auto loaded = load_identity();
  if (loaded) loaded = load_totals();
  if (loaded) loaded = load_open_submissions();
  if (loaded && surroundings_ != nullptr) loaded = surroundings_->verify(state());
  if (loaded) loaded = values_->verify();
  return loaded ? raise_epoch() : loaded;
}

Result<void> TableStorage::load_identity() {
  auto format = system(kFormatKey);
  if (!format) return format.error();
  if (uint32_t version = KeyReader(*format).u32(); version != kFormatVersion) {
    return Error{Code::kStorage, "the store in " + table_->place() + " has format " +
                                     std::to_string(version) + "; this rebus reads and writes format " +
                                     std::to_string(kFormatVersion)};
  }
  auto bus = system(kBusKey);
  if (!bus) return bus.error();
  auto epoch = system(kEpochKey);
  if (!epoch) return epoch.error();
  bus_name_ = *std::move(bus);
  epoch_ = last_number(*epoch);
  return {};
}

Result<void> TableStorage::load_totals() {
  auto packed = system(kTotalsKey);
  if (!packed) return packed.error();
  auto totals = decode<Totals>(Family::kSystem, kTotalsKey, *packed);
  if (!totals) return totals.error();
  totals_ = *totals;
  auto head = last_key(Family::kLog);
  if (!head) return head.error();
  totals_.head = std::max(totals_.head, *head);
  auto submission = last_key(Family::kSubmission);
  if (!submission) return submission.error();
  totals_.last_submission = *submission;
  return {};
}

Result<void> TableStorage::load_open_submissions() {
  return scan(Family::kOpen, "", "", [&](std::string_view key, std::string_view) -> Result<bool> {
    open_submissions_.insert(last_number(key));
    return true;
  });
}

Result<void> TableStorage::raise_epoch() {
  Transaction transaction(*table_);
  transaction.put(Family::kSystem, kEpochKey, number_key(++epoch_));
  crash_point("epoch-read");
  auto written = table_->write(transaction.take());
  if (written) written = table_->sync();
  crash_point("epoch-raised");
  if (!written || surroundings_ == nullptr) return written;
  return surroundings_->committed(state());
}

Result<std::string> TableStorage::system(const char* key) { return must_get(Family::kSystem, key); }

Result<uint64_t> TableStorage::last_key(Family family) {
  auto at = table_->iterate(family);
  at->seek_back(std::string(8, '\xFF'));
  if (at->valid()) return last_number(at->key());
  auto status = at->status();
  if (!status) return status.error();
  return uint64_t{0};
}

// --- writing ---

Result<void> TableStorage::has_room() {
  return surroundings_ != nullptr ? surroundings_->has_room() : Result<void>();
}

Result<void> TableStorage::apply(const Changes& changes) {
  if (failure_) return *failure_;
  if (changes.empty()) return {};
  bool needs_room = surroundings_ != nullptr && !changes.only_removes();
  auto room = needs_room ? surroundings_->has_room_for_notes() : Result<void>();
  if (!room) return room;
  ChangeWriter writer(*table_, *values_, totals_);
  auto done = writer.add(changes);
  if (done) done = write(writer);
  if (!done) return done;
  note_open(changes.submissions);
  for (const Record& record : changes.descriptors) recent_.keep(record);
  for (Seq seq : changes.removed) recent_.drop(seq);
  return {};
}

Result<void> TableStorage::write(ChangeWriter& writer) {
  auto done = values_->settle();
  if (done) done = table_->write(writer.take());
  if (!done) return fail(done.error());
  totals_ = writer.totals();
  is_dirty_ = true;
  return {};
}

void TableStorage::note_open(const std::vector<Submission>& submissions) {
  for (const Submission& submission : submissions) {
    if (submission.open) {
      open_submissions_.insert(submission.id);
    } else {
      open_submissions_.erase(submission.id);
    }
  }
}

// Without changes too: the surroundings may have put something off.
Result<void> TableStorage::commit() {
  if (failure_) return *failure_;
  if (is_dirty_) crash_point("commit-unsynced");
  auto done = is_dirty_ ? table_->sync() : Result<void>();
  if (is_dirty_) crash_point("commit-synced");
  if (done && surroundings_ != nullptr) done = surroundings_->committed(state());
  if (!done) return fail(done.error());
  is_dirty_ = false;
  values_->committed();
  return {};
}

// Without surroundings there is no disk. Files of values that were dropped go with the commit that knows of
// them.
Result<Storage::Sync> TableStorage::begin_commit() {
  bool is_quick = surroundings_ == nullptr || !is_dirty_ || values_->is_dropping();
  if (failure_ || is_quick) {
    auto done = commit();
    return done ? Result<Sync>(Sync()) : done.error();
  }
  crash_point("commit-unsynced");
  is_dirty_ = false;
  committing_ = state();
  return Sync([table = table_] { return table->sync(); });
}

Result<void> TableStorage::end_commit(const Result<void>& synced) {
  if (failure_) return *failure_;
  crash_point("commit-synced");
  auto done = synced ? surroundings_->committed(committing_) : synced;
  return done ? done : fail(done.error());
}

// What a failed write or sync left on disk is not known, and a second sync would lie (it reports an error
// once): the only way on is to open the store anew.
Error TableStorage::fail(const Error& error) {
  failure_ =
      Error{Code::kStorage, "the store takes no more changes until it is opened again: " + error.message};
  return error;
}

StorageStatistics TableStorage::statistics() const {
  return {totals_.head, totals_.descriptors, totals_.value_bytes};
}

}  // namespace rebus
