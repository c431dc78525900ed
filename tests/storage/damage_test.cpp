// Stores that were damaged: refused, or read with errors that name the place; never opened with less in them.
#include <sys/stat.h>

#include "storage/keys.h"
#include "storage/rocksdb_table.h"
#include "tests/storage/ledger.h"

namespace rebus::damage_test {
namespace {

namespace fs = std::filesystem;

constexpr Seq kEntries = 120;

class Damaged : public testing::Test {
 protected:
  // Closed; with its last entries in the write-ahead log, the first ones in tables and blob files.
  static void SetUpTestSuite() {
    original_ = new TemporaryDirectory;
    for (int half = 0; half < 2; half++) {
      auto storage = must(open_storage({"rocksdb", original_->store()}));
      Ledger::add(*storage, kEntries / 2);
      must(storage->commit());
    }
  }
  static void TearDownTestSuite() { delete original_; }

  void SetUp() override { restore(); }
  void restore() {
    fs::remove_all(store());
    fs::copy(original_->store(), store(), fs::copy_options::recursive);
  }
  std::string store() const { return directory_.store(); }
  std::vector<fs::path> files(const std::string& folder, const std::string& extension = "") const {
    std::vector<fs::path> out;
    for (const auto& entry : fs::recursive_directory_iterator(store() + "/" + folder)) {
      if (entry.is_regular_file() && (extension.empty() || entry.path().extension() == extension)) {
        out.push_back(entry.path());
      }
    }
    return out;
  }
  fs::path only(const std::string& folder, const std::string& extension) const {
    for (const fs::path& path : files(folder, extension)) {
      if (fs::file_size(path) > 0) return path;
    }
    ADD_FAILURE() << "no " << extension;
    return {};
  }

  std::string opening_error() const {
    auto storage = open_storage({"rocksdb", store()});
    if (storage) return {};
    EXPECT_EQ(storage.error().code, Code::kStorage);
    EXPECT_NE(storage.error().message.find(store()), std::string::npos) << storage.error().message;
    return storage.error().message;
  }
  // The error of opening, else of reading; empty if all is there.
  std::string any_error() const {
    auto storage = open_storage({"rocksdb", store()});
    return storage ? Ledger::read(**storage, kEntries) : storage.error().message;
  }

  static void flip(const fs::path& path, uintmax_t at) {
    std::string bytes = read_file(path);
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    write_file(path, bytes);
  }

  static TemporaryDirectory* original_;
  TemporaryDirectory directory_;
};
TemporaryDirectory* Damaged::original_ = nullptr;

TEST_F(Damaged, nothing_opens_and_reads_whole) { EXPECT_EQ(any_error(), ""); }

TEST_F(Damaged, database_files_never_give_less_or_other_bytes) {
  int refused = 0;
  std::vector<fs::path> all = files("db");
  ASSERT_GT(all.size(), 5u);
  for (const fs::path& path : all) {
    std::string name = path.filename();
    if (name.starts_with("LOG") || name == "LOCK") continue;
    restore();
    uintmax_t size = fs::file_size(path);
    for (int damage = 0; damage < 5; damage++) {
      restore();
      if (damage < 3 && size < 4) continue;
      if (damage < 3) flip(path, damage == 0 ? size / 2 : damage == 1 ? size / 5 : size - 3);
      if (damage == 3) fs::resize_file(path, size / 2);
      if (damage == 4) fs::remove(path);
      SCOPED_TRACE(name + ", damage " + std::to_string(damage));
      std::string error = any_error();
      EXPECT_TRUE(error.empty() || error.find(store()) != std::string::npos) << error;
      refused += !error.empty();
    }
  }
  EXPECT_GT(refused, 15);
}

TEST_F(Damaged, write_ahead_log_is_refused_at_a_flipped_bit) {
  fs::path log = only("db", ".log");
  flip(log, fs::file_size(log) / 2);
  std::string error = opening_error();
  EXPECT_NE(error.find(log.filename()), std::string::npos) << error;
  EXPECT_EQ(opening_error(), error) << "the second time";
}

TEST_F(Damaged, missing_write_ahead_log_is_told_by_the_high_water_mark) {
  fs::remove(only("db", ".log"));
  for (int time = 0; time < 2; time++) {
    std::string error = opening_error();
    EXPECT_NE(error.find("ends at log position 60 "), std::string::npos) << error;
    EXPECT_NE(error.find("HIGH_WATER"), std::string::npos) << error;
    EXPECT_NE(error.find("log position 120 "), std::string::npos) << error;
  }
}

TEST_F(Damaged, high_water_mark_is_refused) {
  fs::path mark = store() + "/HIGH_WATER";
  for (size_t at = 0; at < fs::file_size(mark); at += 7) {
    restore();
    flip(mark, at);
    EXPECT_NE(opening_error().find("HIGH_WATER is damaged"), std::string::npos) << at;
  }
  restore();
  fs::resize_file(mark, 0);
  EXPECT_NE(opening_error().find("HIGH_WATER is damaged"), std::string::npos);
  fs::remove(mark);
  EXPECT_NE(opening_error().find("HIGH_WATER is missing"), std::string::npos);
}

TEST_F(Damaged, lost_database_is_not_made_anew) {
  fs::remove_all(store() + "/db");
  EXPECT_NE(opening_error().find("lost its database"), std::string::npos);
  EXPECT_FALSE(fs::exists(store() + "/db"));
}

TEST_F(Damaged, current_file_is_not_made_anew) {
  fs::remove(store() + "/db/CURRENT");
  EXPECT_NE(opening_error().find("CURRENT"), std::string::npos);
  EXPECT_FALSE(fs::exists(store() + "/db/CURRENT"));
}

TEST_F(Damaged, format_is_refused) {
  for (const char* text : {"rebus storage 1\n", "rebus storage 2", "x", ""}) {
    write_file(store() + "/FORMAT", text);
    EXPECT_NE(opening_error(), "") << text;
  }
  write_file(store() + "/FORMAT", "rebus storage 1\n");
  EXPECT_NE(opening_error().find("format 1; this rebus reads and writes format 3"), std::string::npos);
  fs::remove(store() + "/FORMAT");
  EXPECT_NE(opening_error().find("FORMAT is missing"), std::string::npos);
}

TEST_F(Damaged, format_inside_the_database_counts_as_well) {
  auto table = must(RocksdbTable::open({store() + "/db", store()}));
  Batch batch;
  batch.push_back({Family::kSystem, false, kFormatKey, KeyWriter().u32(4).take(), {}});
  must(table->write(std::move(batch)));
  table.reset();
  EXPECT_NE(opening_error().find("format 4; this rebus reads and writes format 3"), std::string::npos);
}

TEST_F(Damaged, entries_that_cannot_be_decoded_name_their_key) {
  auto table = must(RocksdbTable::open({store() + "/db", store()}));
  Batch batch;
  batch.push_back({Family::kLog, false, number_key(5), "x", {}});
  must(table->write(std::move(batch)));
  table.reset();
  auto storage = must(open_storage({"rocksdb", store()}));
  auto record = storage->get(5);
  ASSERT_FALSE(record.ok());
  EXPECT_EQ(record.error().code, Code::kStorage);
  EXPECT_NE(record.error().message.find(store()), std::string::npos);
  EXPECT_NE(record.error().message.find("log entry 0000000000000005"), std::string::npos)
      << record.error().message;
}

// --- values in files ---

class DamagedValueFile : public Damaged {
 protected:
  static constexpr Seq kLarge = 50;
  std::string digest() const { return Value::of(Ledger::bytes_of(kLarge)).digest().hex(); }
  fs::path path() const { return store() + "/values/" + digest().substr(0, 2) + "/" + digest(); }
  void expect_refused() const {
    std::string error = opening_error();
    EXPECT_NE(error.find(digest()), std::string::npos) << error;
  }
};

TEST_F(DamagedValueFile, is_refused_when_missing_or_of_another_size) {
  fs::remove(path());
  expect_refused();
  restore();
  fs::resize_file(path(), 599999);
  expect_refused();
  fs::resize_file(path(), 600001);
  expect_refused();
  restore();
  fs::remove_all(path().parent_path());
  expect_refused();
}

TEST_F(DamagedValueFile, is_an_error_that_names_the_id_when_it_is_read) {
  auto storage = must(open_storage({"rocksdb", store()}));
  auto error_of_reading = [&] {
    auto record = must(storage->get(kLarge));
    auto bytes = record.descriptor.value.load(1 << 20);
    if (bytes) return std::string();
    EXPECT_EQ(bytes.error().code, Code::kStorage);
    EXPECT_EQ(record.descriptor.value.source().file_descriptor(), -1);
    return bytes.error().message;
  };
  fs::resize_file(path(), 10);
  EXPECT_NE(error_of_reading().find(digest()), std::string::npos);
  EXPECT_NE(error_of_reading().find("should have 600000 bytes and has 10"), std::string::npos);
  fs::remove(path());
  EXPECT_NE(error_of_reading().find(digest()), std::string::npos);
}

TEST_F(DamagedValueFile, gives_no_byte_of_a_block_that_changed) {
  constexpr size_t kSize = 600000;
  for (size_t at : {size_t{0}, size_t{262143}, size_t{262144}, kSize - 1}) {
    restore();
    flip(path(), at);
    auto storage = must(open_storage({"rocksdb", store()}));
    for (size_t step : {size_t{1000}, size_t{262144}, kSize, size_t{1} << 20}) {
      SCOPED_TRACE("flipped at " + std::to_string(at) + ", read by " + std::to_string(step));
      Value value = must(storage->get(kLarge)).descriptor.value;
      std::vector<uint8_t> buffer(step);
      Error error;
      for (size_t offset = 0; offset < kSize && error.message.empty(); offset += step) {
        auto count = value.read_at(offset, buffer);
        if (!count) error = count.error();
        EXPECT_FALSE(count && offset <= at && at < offset + *count) << "read by bytes from " << offset;
      }
      EXPECT_EQ(error.code, Code::kStorage);
      EXPECT_NE(error.message.find(path()), std::string::npos) << error.message;
      EXPECT_NE(error.message.find("does not hold what was stored"), std::string::npos) << error.message;
      EXPECT_EQ(value.source().file_descriptor(), -1);
    }
  }
}

TEST_F(DamagedValueFile, is_refused_when_its_checksums_are_not_of_its_size) {
  Digest key = Value::of(Ledger::bytes_of(kLarge)).digest();
  for (bool is_cut : {true, false}) {
    auto table = must(RocksdbTable::open({store() + "/db", store()}));
    auto entry = must(table->get(Family::kFile, digest_key(key)));
    ASSERT_TRUE(entry.has_value());
    is_cut ? entry->pop_back() : void(entry->append(4, 'x'));
    Batch batch;
    batch.push_back({Family::kFile, false, digest_key(key), *entry, {}});
    must(table->write(std::move(batch)));
    table.reset();
    EXPECT_NE(opening_error().find(digest()), std::string::npos);
    restore();
  }
}

TEST_F(DamagedValueFile, stops_the_sweep_of_orphans) {
  std::string orphan = Value::of("orphan").digest().hex();
  fs::create_directories(store() + "/values/" + orphan.substr(0, 2));
  fs::path orphan_path = store() + "/values/" + orphan.substr(0, 2) + "/" + orphan;
  fs::path temporary = store() + "/values/tmp/0123";
  fs::path foreign = store() + "/values/tmp/../notes.txt";
  write_file(orphan_path, "orphan");
  write_file(temporary, "half");
  fs::path saved = directory_.path() + "/saved";
  fs::rename(path(), saved);
  expect_refused();
  EXPECT_TRUE(fs::exists(orphan_path));
  EXPECT_TRUE(fs::exists(temporary));
  fs::rename(saved, path());
  EXPECT_EQ(any_error(), "");
  EXPECT_FALSE(fs::exists(orphan_path));
  EXPECT_FALSE(fs::exists(temporary));
}

}  // namespace
}  // namespace rebus::damage_test
