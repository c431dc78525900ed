// Values much larger than the memory that may be spent on them.
#include <fstream>
#include <random>
#include <thread>

#include "descriptor/spool.h"
#include "storage/block_checksums.h"
#include "tests/storage/store_kit.h"

namespace rebus::large_value_test {
namespace {

constexpr uint64_t kLarge = 40 << 20;

// Sanitizers keep what was freed, and shadows of everything.
constexpr bool kMemoryTells = REBUS_SCALE == 1;

// The most memory this process ever had, in KiB.
uint64_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6));
  }
  return 0;
}

std::string chunk(uint64_t number) {
  std::string bytes(1 << 20, static_cast<char>(number));
  bytes.replace(0, 8, std::to_string(10000000 + number));
  return bytes;
}

Value write_large(ValueFactory& factory) {
  auto writer = factory.create();
  for (uint64_t i = 0; i < kLarge >> 20; i++) must(writer->append(as_bytes(chunk(i))));
  return must(writer->seal());
}

Digest hash_of(const Value& value) {
  Sha256 hash;
  must(value.for_each_chunk([&](Bytes bytes) {
    hash.update(bytes);
    return Result<void>();
  }));
  return hash.finish();
}

uint64_t disk_use(const std::string& path) {
  uint64_t sum = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) sum += entry.file_size();
  }
  return sum;
}

// Stores one large value four times (made by the store's own writer or by another spool), reads it, tells its
// peak.
TEST(LargeValueChild, DISABLED_stores_and_reads) {
  std::string argument = Child::argument();
  std::string kind = argument.substr(0, argument.find(' '));
  auto storage = must(open_storage({kind, argument.substr(kind.size() + 1)}));
  uint64_t before = peak_memory();
  Spool elsewhere;
  Scribe scribe(*storage);
  scribe.add(make_object(Domain(), "/a", "1", write_large(storage->values()), "x"));
  scribe.apply();
  scribe.add(make_object(Domain(), "/b", "2", write_large(storage->values()), "x"));
  scribe.add(make_object(Domain(), "/c", "3", write_large(elsewhere), "x"));
  scribe.commit();
  scribe.add(make_object(Domain(), "/d", "4", must(storage->get(1)).descriptor.value, "x"));
  scribe.commit();
  for (Seq seq = 1; seq <= 4; seq++) {
    Value value = must(storage->get(seq)).descriptor.value;
    EXPECT_EQ(value.size(), kLarge);
    EXPECT_EQ(hash_of(value), value.digest());
  }
  Child::say(std::to_string(peak_memory() - before));
}

class AnyLargeValue : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Both, AnyLargeValue, testing::Values("ram", "rocksdb"));

TEST_P(AnyLargeValue, takes_little_memory_and_is_stored_once) {
  TemporaryDirectory directory;
  Child child("LargeValueChild.DISABLED_stores_and_reads", std::string(GetParam()) + " " + directory.store());
  uint64_t grown = std::stoull("0" + child.hear());
  EXPECT_EQ(child.wait(), 0);
  EXPECT_GT(grown, 0u);
  if (kMemoryTells) {
    EXPECT_LT(grown, 16u << 10) << "KiB more than before";
  }
  if (GetParam() == std::string("ram")) return;
  EXPECT_LT(disk_use(directory.store()), kLarge + (2 << 20));
}

TEST(LargeValue, made_elsewhere_is_stored_as_it_was_hashed) {
  TemporaryDirectory directory;
  auto storage = must(open_storage({"rocksdb", directory.store()}));
  Spool elsewhere({1 << 20, 0});
  for (size_t size : {100000, 2000000}) {
    auto writer = elsewhere.create();
    must(writer->append(as_bytes(std::string(size, 'x'))));
    Value value = must(writer->seal());
    Scribe scribe(*storage);
    Value lies(std::shared_ptr<const ValueSource>(&value.source(), [](auto*) {}), value.size(), Digest{});
    scribe.add(make_object(Domain(), "/a", "1", lies, "x"));
    EXPECT_EQ(storage->apply(scribe.changes).error().code, Code::kStorage);
  }
  EXPECT_EQ(storage->statistics().head, 0u);
  Scribe scribe(*storage);
  scribe.object("it goes on");
  scribe.commit();
  EXPECT_TRUE(std::filesystem::is_empty(directory.store() + "/values/tmp"));
}

// Written in pieces of which none ends where one of the writer's does.
TEST(LargeValue, of_any_size_is_read_as_it_was_written) {
  TemporaryDirectory directory;
  auto storage = must(open_storage({"rocksdb", directory.store()}));
  Scribe scribe(*storage);
  std::vector<Digest> written;
  for (uint64_t more : {uint64_t{0}, uint64_t{1}, uint64_t{4096}, DirectWriter::kPiece - 1,
                        DirectWriter::kPiece, DirectWriter::kPiece + 1, 3 * DirectWriter::kPiece}) {
    auto writer = storage->values().create();
    Sha256 hash;
    std::string part = std::string(333333, 'a') + std::to_string(more);
    for (uint64_t left = kThroughCache + more; left > 0;) {
      Bytes bytes = as_bytes(part).first(std::min<uint64_t>(left, part.size()));
      must(writer->append(bytes));
      hash.update(bytes);
      left -= bytes.size();
    }
    written.push_back(hash.finish());
    scribe.add(make_object(Domain(), "/a", "1", must(writer->seal()), "x"));
  }
  scribe.commit();
  for (Seq seq = 1; seq <= written.size(); seq++) {
    EXPECT_EQ(hash_of(must(storage->get(seq)).descriptor.value), written[seq - 1]) << seq;
  }
}

TEST(LargeValue, is_handed_on_as_a_file_that_can_only_be_read) {
  TemporaryDirectory directory;
  auto storage = must(open_storage({"rocksdb", directory.store()}));
  Scribe scribe(*storage);
  scribe.object(std::string(600000, 'x'));
  scribe.object(std::string(500000, 'y'));
  scribe.apply();
  Value value = must(storage->get(1)).descriptor.value;
  int fd = value.source().file_descriptor();
  ASSERT_GE(fd, 0);
  EXPECT_LT(write(fd, "z", 1), 0);
  EXPECT_EQ(must(storage->get(2)).descriptor.value.source().file_descriptor(), -1);
}

TEST(LargeValue, is_read_at_any_offset) {
  TemporaryDirectory directory;
  auto storage = must(open_storage({"rocksdb", directory.store()}));
  std::string bytes;
  std::mt19937 random(7);
  while (bytes.size() < 1'000'000) bytes += static_cast<char>(random());
  Scribe scribe(*storage);
  scribe.object(bytes);
  scribe.commit();
  Value value = must(storage->get(1)).descriptor.value;
  constexpr size_t kBlock = BlockChecksums::kBlock;
  for (int i = 0; i < 2000; i++) {
    size_t offset = random() % 8 == 0 ? random() % 4 * kBlock : random() % (bytes.size() + 10);
    size_t size = random() % 8 == 0 ? random() % 4 * kBlock : random() % (bytes.size() + 10);
    std::string part(size, '?');
    size_t count = must(value.read_at(offset, {reinterpret_cast<uint8_t*>(part.data()), size}));
    std::string expected = offset < bytes.size() ? bytes.substr(offset, size) : "";
    ASSERT_EQ(count, expected.size()) << offset << " " << size;
    ASSERT_TRUE(part.starts_with(expected)) << offset << " " << size;
  }
}

TEST(Values, are_read_by_several_threads) {
  TemporaryDirectory directory;
  auto storage = must(open_storage({"rocksdb", directory.store()}));
  Scribe scribe(*storage);
  scribe.object(std::string(400000, 's'));
  scribe.object(std::string(900000, 'l'));
  scribe.commit();
  std::vector<Value> values{must(storage->get(1)).descriptor.value, must(storage->get(2)).descriptor.value};
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; i++) {
    readers.emplace_back([&, i] {
      for (int round = 0; round < 20; round++) {
        for (const Value& value : values) {
          std::array<uint8_t, 1000> part{};
          EXPECT_EQ(must(value.read_at(static_cast<uint64_t>(i) * 1000, part)), part.size());
          EXPECT_EQ(hash_of(value), value.digest());
        }
        auto writer = storage->values().create();  // while the store's own thread goes on
        must(writer->append(as_bytes(std::string(600000, static_cast<char>(i)))));
        (void)must(writer->seal());
      }
    });
  }
  for (int i = 0; i < 50; i++) {
    scribe.object("more " + std::to_string(i));
    scribe.commit();
  }
  for (auto& reader : readers) reader.join();
}

TEST(Values, outlive_the_store_but_cannot_be_read_from_it_then) {
  TemporaryDirectory directory;
  auto storage = must(open_storage({"rocksdb", directory.store()}));
  Scribe scribe(*storage);
  scribe.object("small");
  scribe.object(std::string(600000, 'l'));
  scribe.commit();
  std::vector<Value> values{must(storage->get(1)).descriptor.value, must(storage->get(2)).descriptor.value};
  storage.reset();
  for (const Value& value : values) {
    auto bytes = value.load(1 << 20);
    ASSERT_FALSE(bytes.ok());
    EXPECT_EQ(bytes.error().code, Code::kStorage);
    EXPECT_NE(bytes.error().message.find("closed"), std::string::npos);
  }
  storage = must(open_storage({"rocksdb", directory.store()}));
}

}  // namespace
}  // namespace rebus::large_value_test
