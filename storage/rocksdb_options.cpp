#include "storage/rocksdb_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include "descriptor/crash_point.h"

namespace rebus {
namespace {

// Memory, in bytes: with the open files' share a process stays well below 200 MiB.
constexpr size_t kBlockCache = 32 << 20;
constexpr int kBlockCacheShardBits = 2;    // few threads read
constexpr size_t kWriteBuffer = 16 << 20;  // of one column family, before it is written out
constexpr size_t kWriteBuffersInAll = 64 << 20;
constexpr int kMaxOpenFiles = 256;
// Disk: the write-ahead log is cut by writing out the columns that hold it back.
constexpr uint64_t kMaxLogOnDisk = 128 << 20;
// Values from this size on lie in blob files, so that compaction does not copy them again and again.
constexpr uint64_t kMinBlob = 4 << 10;
constexpr uint64_t kBlobFile = 64 << 20;

// Opening with less than what was acknowledged must be impossible; docs/storage_format.md, "Damage".
void refuse_damage(rocksdb::DBOptions& options) {
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.recycle_log_file_num = 0;  // a recycled log has no end that could be told from damage
  options.paranoid_checks = true;
  options.track_and_verify_wals_in_manifest = true;
}

void stay_small(rocksdb::DBOptions& options) {
  options.write_buffer_manager = std::make_shared<rocksdb::WriteBufferManager>(kWriteBuffersInAll);
  options.max_total_wal_size = kMaxLogOnDisk;
  options.max_open_files = kMaxOpenFiles;
  options.max_file_opening_threads = 1;
  options.max_background_jobs = 2;
  options.max_manifest_file_size = 16 << 20;
}

void stay_quiet(rocksdb::DBOptions& options) {
  options.info_log_level = rocksdb::WARN_LEVEL;
  options.keep_log_file_num = 2;
  options.max_log_file_size = 1 << 20;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
}

// Where RocksDB writes out what the log holds, on threads of its own.
class WritingOut final : public rocksdb::EventListener {
 public:
  void OnTableFileCreationStarted(const rocksdb::TableFileCreationBriefInfo&) override {
    crash_point("table-file-begun");
  }
  void OnTableFileCreated(const rocksdb::TableFileCreationInfo&) override { crash_point("table-file-made"); }
  void OnCompactionBegin(rocksdb::DB*, const rocksdb::CompactionJobInfo&) override {
    crash_point("compaction-begun");
  }
};

std::shared_ptr<rocksdb::TableFactory> block_tables(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions options;
  options.block_cache = cache;
  // Else they count against no limit. In parts: a filter that is larger than a part of the cache is never
  // kept.
  options.cache_index_and_filter_blocks = true;
  options.cache_index_and_filter_blocks_with_high_priority = true;
  options.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  options.partition_filters = true;
  options.pin_l0_filter_and_index_blocks_in_cache = true;
  options.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.format_version = 5;
  return std::shared_ptr<rocksdb::TableFactory>(rocksdb::NewBlockBasedTableFactory(options));
}

rocksdb::ColumnFamilyOptions column(const std::shared_ptr<rocksdb::TableFactory>& tables) {
  rocksdb::ColumnFamilyOptions options;
  options.table_factory = tables;
  options.write_buffer_size = kWriteBuffer;
  options.max_write_buffer_number = 3;
  options.level_compaction_dynamic_level_bytes = true;
  options.compression = rocksdb::kLZ4Compression;
  return options;
}

// Its keys begin with their family; most families grow at their end, and a hint per family finds it again.
rocksdb::ColumnFamilyOptions index_column(const std::shared_ptr<rocksdb::TableFactory>& tables) {
  rocksdb::ColumnFamilyOptions options = column(tables);
  options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(1));
  return options;
}

rocksdb::ColumnFamilyOptions values_column(const std::shared_ptr<rocksdb::TableFactory>& tables) {
  rocksdb::ColumnFamilyOptions options = column(tables);
  options.enable_blob_files = true;
  options.min_blob_size = kMinBlob;
  options.blob_file_size = kBlobFile;
  options.blob_compression_type = rocksdb::kLZ4Compression;
  return options;
}

}  // namespace

rocksdb::DBOptions database_options(const RocksdbOptions& options) {
  rocksdb::DBOptions database;
  if (options.env != nullptr) database.env = options.env;
  database.create_if_missing = options.is_new;
  database.create_missing_column_families = options.is_new;
  database.error_if_exists = options.is_new;
  refuse_damage(database);
  stay_small(database);
  stay_quiet(database);
  if constexpr (kHasCrashPoints) database.listeners.push_back(std::make_shared<WritingOut>());
  return database;
}

std::vector<rocksdb::ColumnFamilyDescriptor> column_options() {
  auto tables = block_tables(rocksdb::NewLRUCache(kBlockCache, kBlockCacheShardBits));
  return {{rocksdb::kDefaultColumnFamilyName, index_column(tables)},
          {"log", column(tables)},
          {"values", values_column(tables)}};
}

}  // namespace rebus
