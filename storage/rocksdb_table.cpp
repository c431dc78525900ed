#include "storage/rocksdb_table.h"

#include <rocksdb/db.h>

#include <filesystem>

#include "descriptor/digest.h"
#include "storage/file.h"
#include "storage/rocksdb_options.h"

namespace rebus {
namespace {

// How long closing waits for a compaction that is under way; the next one does what is left.
constexpr std::chrono::seconds kCompactionPatience(5);
// Bytes that stay free on the disk while values are moved.
constexpr uint64_t kMovingReserve = 512 << 20;

enum Column : size_t { kIndexColumn, kLogColumn, kValuesColumn };

Column column_of(Family family) {
  if (family == Family::kLog) return kLogColumn;
  return family == Family::kBytes ? kValuesColumn : kIndexColumn;
}

// Families of the index column share it: their keys begin with the family's number.
std::string_view key_prefix(Family family) {
  static constexpr char kNumbers[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                      16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};
  static_assert(sizeof kNumbers == kFamilies);
  return column_of(family) == kIndexColumn ? std::string_view(kNumbers + static_cast<size_t>(family), 1)
                                           : std::string_view();
}

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(const rocksdb::Slice& text) { return {text.data(), text.size()}; }

std::string prefixed(Family family, std::string_view key) {
  std::string full(key_prefix(family));
  return full.append(key);
}

class RocksdbIterator final : public TableIterator {
 public:
  RocksdbIterator(const RocksdbTable& table, Family family, rocksdb::DB& db,
                  rocksdb::ColumnFamilyHandle* column)
      : table_(table), family_(family), lower_(key_prefix(family)), upper_(lower_) {
    rocksdb::ReadOptions options;
    if (!lower_.empty()) {
      upper_.back()++;
      lower_slice_ = lower_, upper_slice_ = upper_;
      options.iterate_lower_bound = &lower_slice_;
      options.iterate_upper_bound = &upper_slice_;
    }
    at_.reset(db.NewIterator(options, column));
  }
  void seek(std::string_view key) override { at_->Seek(lower_ + std::string(key)); }
  void seek_back(std::string_view key) override { at_->SeekForPrev(lower_ + std::string(key)); }
  void next() override { at_->Next(); }
  void previous() override { at_->Prev(); }
  bool valid() const override { return at_->Valid(); }
  std::string_view key() const override { return view(at_->key()).substr(lower_.size()); }
  std::string_view value() const override { return view(at_->value()); }
  Result<void> status() const override {
    if (at_->status().ok()) return {};
    return Error{Code::kStorage, "reading " + std::string(family_name(family_)) + " entries in " +
                                     table_.place() + ": " + at_->status().ToString()};
  }

 private:
  const RocksdbTable& table_;
  Family family_;
  std::string lower_, upper_;
  rocksdb::Slice lower_slice_, upper_slice_;
  std::unique_ptr<rocksdb::Iterator> at_;
};

// RocksDB does not name the write-ahead log that it finds damaged.
std::string logs_of(const std::string& directory) {
  std::string logs;
  auto names = list_directory(directory);
  if (!names) return "its files";
  for (const std::string& name : *names) {
    if (name.ends_with(".log")) logs += (logs.empty() ? "" : ", ") + name;
  }
  return logs;
}

Error open_error(const RocksdbOptions& options, const rocksdb::Status& status) {
  std::string reason = status.ToString();
  if (status.IsIOError() && reason.find("lock file") != reason.npos) {
    return {Code::kStorage, options.place + " is in use by another rebus process (" + reason + ")"};
  }
  if (status.IsCorruption() && reason.find('/') == reason.npos)
    reason += ", in one of " + logs_of(options.directory);
  return {Code::kStorage, "the store in " + options.place + " cannot be opened: " + reason};
}

}  // namespace

Result<std::shared_ptr<RocksdbTable>> RocksdbTable::open(const RocksdbOptions& options) {
  std::shared_ptr<RocksdbTable> table(new RocksdbTable(options.place));
  std::vector<rocksdb::ColumnFamilyHandle*> columns;
  rocksdb::DB* db = nullptr;
  auto status =
      rocksdb::DB::Open(database_options(options), options.directory, column_options(), &columns, &db);
  if (!status.ok()) return open_error(options, status);
  table->db_.reset(db);
  std::copy(columns.begin(), columns.end(), table->columns_.begin());
  return table;
}

RocksdbTable::RocksdbTable(std::string place) : place_(std::move(place)) {}

RocksdbTable::~RocksdbTable() {
  if (db_ == nullptr) return;
  if (compactor_.joinable()) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kCompactionPatience, [&] { return !is_wanted_ && !is_compacting_; });
    is_closing_ = true;
    lock.unlock();
    changed_.notify_all();
    compactor_.join();
  }
  for (auto* handle : columns_) db_->DestroyColumnFamilyHandle(handle);
  db_->Close();
}

rocksdb::ColumnFamilyHandle* RocksdbTable::column(Family family) const { return columns_[column_of(family)]; }

Result<std::optional<std::string>> RocksdbTable::get(Family family, std::string_view key) const {
  std::string value;
  auto status = db_->Get(rocksdb::ReadOptions(), column(family), prefixed(family, key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (status.ok()) return std::optional(std::move(value));
  return Error{Code::kStorage, "reading " + std::string(family_name(family)) + " entry " +
                                   to_hex(as_bytes(key)) + " in " + place_ + ": " + status.ToString()};
}

std::unique_ptr<TableIterator> RocksdbTable::iterate(Family family) const {
  return std::make_unique<RocksdbIterator>(*this, family, *db_, column(family));
}

Result<void> RocksdbTable::write(Batch batch) {
  rocksdb::WriteBatch writes;
  for (const Operation& operation : batch) {
    std::array<rocksdb::Slice, 2> key{slice(key_prefix(operation.family)), slice(operation.key)};
    rocksdb::Slice value = slice(operation.value());
    auto* where = column(operation.family);
    auto status = operation.removes ? writes.Delete(where, rocksdb::SliceParts(key.data(), key.size()))
                                    : writes.Put(where, rocksdb::SliceParts(key.data(), key.size()),
                                                 rocksdb::SliceParts(&value, 1));
    if (!status.ok())
      return Error{Code::kStorage, "preparing a write to " + place_ + ": " + status.ToString()};
  }
  rocksdb::WriteOptions unsynced;  // sync() makes many writes durable at once
  auto status = db_->Write(unsynced, &writes);
  if (status.ok()) return {};
  return Error{Code::kStorage, "writing to " + place_ + ": " + status.ToString()};
}

// --- compaction ---

void RocksdbTable::reclaim() {
  std::lock_guard lock(mutex_);
  is_wanted_ = true;
  if (!compactor_.joinable()) compactor_ = std::thread([this] { compact(); });
  changed_.notify_all();
}

// In a thread of its own: it takes as long as reading and writing what is left does.
void RocksdbTable::compact() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return is_wanted_ || is_closing_; });
    if (is_closing_) return;
    is_wanted_ = false;
    is_compacting_ = true;
    lock.unlock();
    for (auto* handle : columns_) {
      rocksdb::CompactRangeOptions options;
      options.exclusive_manual_compaction = false;
      options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
      options.canceled = &is_closing_;
      if (handle == columns_[kValuesColumn] && has_room_to_move()) {
        options.blob_garbage_collection_policy = rocksdb::BlobGarbageCollectionPolicy::kForce;
        options.blob_garbage_collection_age_cutoff = 1;
      }
      (void)db_->CompactRange(options, handle, nullptr, nullptr);  // what failed is tried next time
    }
    lock.lock();
    is_compacting_ = false;
    changed_.notify_all();
  }
}

// Values that stay are copied before the files that they were in are removed.
bool RocksdbTable::has_room_to_move() const {
  uint64_t bytes = 0;
  std::error_code unknown;
  auto space = std::filesystem::space(place_, unknown);
  return !unknown && db_->GetIntProperty(columns_[kValuesColumn], "rocksdb.live-blob-file-size", &bytes) &&
         space.available > bytes + kMovingReserve;
}

Result<void> RocksdbTable::sync() {
  auto status = db_->FlushWAL(true);
  if (status.ok()) return {};
  return Error{Code::kStorage, "syncing the write-ahead log in " + place_ + ": " + status.ToString()};
}

}  // namespace rebus
