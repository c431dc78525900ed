// What removal leaves behind, on both storages: nothing, and everything of others.
#include "tests/storage/store_kit.h"

namespace rebus::removal_test {
namespace {

namespace fs = std::filesystem;

class Removed : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { open(); }
  void open() { storage_ = must(open_storage({GetParam(), GetParam() == "ram" ? "" : directory_.store()})); }
  void reopen() {
    if (GetParam() == "ram") return;
    storage_.reset();
    open();
  }
  void remove(std::vector<Seq> seqs, std::vector<Origin> origins = {}) {
    Changes changes;
    changes.removed = std::move(seqs);
    changes.removed_origins = std::move(origins);
    must(storage_->apply(changes));
    must(storage_->commit());
  }
  size_t value_files() const {
    size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(directory_.store() + "/values"))
      count += entry.is_regular_file() ? 1 : 0;
    return count;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Storage> storage_;
};

TEST_P(Removed, descriptors_leave_no_trace_in_any_search) {
  Scribe scribe(*storage_);
  Seq file = scribe.object("bytes", "dir/name");
  scribe.origin(file, 0, "dir/name", file);
  scribe.apply();
  Descriptor d = must(storage_->get(file)).descriptor;
  Seq child = scribe.add(make_child(d, "hasher", "/md5_hash", Value::of("#")));
  scribe.changes.marks.push_back({file, 1, Outcome::kFailed, "no"});
  scribe.changes.attempts.push_back({.seq = file, .consumer = 1, .deaths = 1, .reason = ""});
  Consumer hasher;
  hasher.id = 1;
  scribe.changes.consumers.push_back(hasher);
  scribe.commit();
  remove({file, child});
  reopen();
  EXPECT_EQ(storage_->get(file).error().code, Code::kNotFound);
  EXPECT_TRUE(must(storage_->log(1, 10)).empty());
  EXPECT_TRUE(must(storage_->queue(1, 1, 10)).empty());
  EXPECT_EQ(must(storage_->lookup(Domain(), d.selector)), 0u);
  EXPECT_TRUE(must(storage_->find_prefix({}, "/", 0, 10)).seqs.empty());
  EXPECT_TRUE(must(storage_->find_regex({}, "/", 0, 10)).seqs.empty());
  EXPECT_TRUE(must(storage_->find_uuid({}, d.uuid, 0, 10)).seqs.empty());
  EXPECT_TRUE(must(storage_->find_digest({}, d.value.digest().hex(), 0, 10)).seqs.empty());
  EXPECT_TRUE(must(storage_->find_name({}, "name", 0, 10)).seqs.empty());
  EXPECT_TRUE(must(storage_->find_name({}, "dir/*", 0, 10)).seqs.empty());
  EXPECT_TRUE(must(storage_->children(file, 0, 10)).seqs.empty());
  EXPECT_TRUE(must(storage_->roots(1, 0, 10)).seqs.empty());
  EXPECT_TRUE(must(storage_->origins_of(file, 0, 10)).empty());
  EXPECT_TRUE(must(storage_->marks(file)).empty());
  EXPECT_TRUE(must(storage_->failures(1, 0, 10)).empty());
  EXPECT_TRUE(must(storage_->attempts(1)).empty());
  EXPECT_TRUE(must(storage_->uuids(Domain(), {}, 10)).empty());
  EXPECT_TRUE(must(storage_->types(10)).empty());
  EXPECT_EQ(storage_->statistics().descriptors, 0u);
  EXPECT_EQ(storage_->statistics().value_bytes, 0u);
  EXPECT_EQ(storage_->statistics().head, child);  // no position is given out twice
}

TEST_P(Removed, bytes_stay_while_anything_else_has_them) {
  for (size_t size : {size_t{10}, size_t{600'000}}) {
    Scribe scribe(*storage_);
    std::string bytes(size, 'x');
    Seq one = scribe.object(bytes, "one", "/binary/elf");
    Seq two = scribe.object(bytes, "two", "/text/ascii");
    scribe.commit();
    remove({one});
    reopen();
    EXPECT_EQ(must(must(storage_->get(two)).descriptor.value.load(1 << 20)), bytes);
    remove({two});
  }
  if (GetParam() == "rocksdb") {
    EXPECT_EQ(value_files(), 0u);
  }
}

TEST_P(Removed, large_values_come_back_when_they_are_stored_again_before_the_commit) {
  std::string bytes(600'000, 'x');
  Scribe scribe(*storage_);
  Seq file = scribe.object(bytes);
  scribe.commit();
  Changes changes;
  changes.removed = {file};
  must(storage_->apply(changes));
  Seq again = scribe.object(bytes);
  scribe.commit();
  reopen();
  EXPECT_EQ(must(must(storage_->get(again)).descriptor.value.load(1 << 20)), bytes);
}

TEST_P(Removed, values_are_told_as_pruned_until_they_come_back) {
  for (size_t size : {size_t{10}, size_t{600'000}}) {
    std::string bytes(size, 'y');
    Scribe scribe(*storage_);
    Seq file = scribe.object(bytes);
    scribe.commit();
    Value held = must(storage_->get(file)).descriptor.value;
    Changes changes;
    changes.pruned_values = {held.digest()};
    must(storage_->apply(changes));
    must(storage_->commit());
    reopen();
    auto read = must(storage_->get(file)).descriptor.value.load(1 << 20);
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().code, Code::kNotFound);
    EXPECT_TRUE(must(storage_->is_pruned(held.digest())));
    changes = {};
    changes.restored = {Value::of(bytes)};
    must(storage_->apply(changes));
    must(storage_->commit());
    reopen();
    EXPECT_FALSE(must(storage_->is_pruned(held.digest())));
    EXPECT_EQ(must(must(storage_->get(file)).descriptor.value.load(1 << 20)), bytes);
  }
}

TEST_P(Removed, origins_take_only_the_names_that_nobody_else_has) {
  Scribe scribe(*storage_);
  Seq box = scribe.object("box");
  Seq file = scribe.object("file");
  scribe.origin(file, 0, "same", file);
  Seq second = scribe.origin(file, box, "dir/same");
  Seq third = scribe.origin(file, box, "dir/other");
  scribe.commit();
  remove({}, {{.seq = third, .object = file, .name = "", .agent = ""}});
  EXPECT_EQ(must(storage_->contents(box, 0, 10)).seqs, std::vector<Seq>{file});
  EXPECT_TRUE(must(storage_->find_name({}, "other", 0, 10)).seqs.empty());
  remove({}, {{.seq = second, .object = file, .name = "", .agent = ""}});
  EXPECT_TRUE(must(storage_->contents(box, 0, 10)).seqs.empty());
  EXPECT_EQ(must(storage_->find_name({}, "same", 0, 10)).seqs, std::vector<Seq>{file});
  EXPECT_EQ(must(storage_->log(1, 10)).size(), 2u);
}

TEST_P(Removed, versions_and_labels_go_to_the_next) {
  Scribe scribe(*storage_);
  Seq first = scribe.object("1", "b", "/a");
  Seq second = scribe.object("2", "c", "/a");
  scribe.commit();
  auto version = must(Selector::parse("/a~0"));
  EXPECT_EQ(must(storage_->lookup(Domain(), version)), first);
  remove({first});
  EXPECT_EQ(must(storage_->lookup(Domain(), version)), second);
  remove({second});
  EXPECT_EQ(must(storage_->lookup(Domain(), version)), 0u);
}

INSTANTIATE_TEST_SUITE_P(Storages, Removed, testing::Values("ram", "rocksdb"));

// Space of what is gone comes back on the disk, of values in the database too.
TEST(RemovedOnDisk, gives_space_back) {
  TemporaryDirectory directory;
  auto storage = must(open_storage({"rocksdb", directory.store()}));
  auto size = [&] {
    uint64_t bytes = 0;
    for (const auto& entry : fs::recursive_directory_iterator(directory.store()))
      bytes += entry.is_regular_file() ? entry.file_size() : 0;
    return bytes;
  };
  std::vector<Seq> gone;
  for (int i = 0; i < 64; i++) {
    Scribe scribe(*storage);
    std::string bytes;
    for (size_t word = 0; word < 50'000; word++)
      bytes += std::to_string(std::hash<size_t>()(word * 77 + i) ^ word * i);
    gone.push_back(scribe.object(bytes.substr(0, 400'000), "f" + std::to_string(i)));
    scribe.commit();
  }
  storage.reset();
  storage = must(open_storage({"rocksdb", directory.store()}));
  uint64_t full = size();
  Changes changes;
  changes.removed = gone;
  must(storage->apply(changes));
  must(storage->commit());
  storage->reclaim();
  storage.reset();  // waits for it
  EXPECT_LT(size(), full / 4);
}

}  // namespace
}  // namespace rebus::removal_test
