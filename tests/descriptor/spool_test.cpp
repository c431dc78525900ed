// Where the values of a spool are, and that nobody can change them there.
#include "descriptor/spool.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>

#include "descriptor/sealed_memory.h"

namespace rebus::spool_test {
namespace {

std::string bytes_of(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; i++) bytes[i] = static_cast<char>(i * 31 + (i >> 8));
  return bytes;
}

// In pieces of that size.
Value written(Spool& spool, const std::string& bytes, size_t piece, uint64_t told = 0) {
  auto writer = spool.create();
  if (told > 0) writer->expect(told);
  for (size_t at = 0; at < bytes.size(); at += piece)
    EXPECT_TRUE(writer->append(as_bytes(std::string_view(bytes).substr(at, piece))));
  auto value = writer->seal();
  EXPECT_TRUE(value) << value.error().message;
  return value ? *value : Value();
}

void expect_bytes(const Value& value, const std::string& bytes) {
  EXPECT_EQ(value.size(), bytes.size());
  EXPECT_EQ(value.digest(), sha256(as_bytes(bytes)));
  auto loaded = value.load(UINT64_MAX);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(*loaded, bytes);
  std::array<uint8_t, 100> part{};
  auto count = value.read_at(bytes.size() / 2, part);
  ASSERT_TRUE(count);
  EXPECT_EQ(as_text(Bytes(part).first(*count)), bytes.substr(bytes.size() / 2, part.size()));
}

TEST(Spool, KeepsTheBytesOfAnySizeWhateverWasToldOfIt) {
  Spool spool({.per_value = 256 << 10, .in_all = 4 << 20});
  for (size_t size : {1ul, 100ul, kLeastSealed - 1, kLeastSealed, kLeastSealed + 1, 200ul << 10, 256ul << 10,
                      (256ul << 10) + 1, 900ul << 10}) {
    const std::string bytes = bytes_of(size);
    for (uint64_t told : {uint64_t{0}, uint64_t{10}, uint64_t{size}, uint64_t{2 * size}, UINT64_MAX}) {
      for (size_t piece : {size_t{7000}, size}) {
        SCOPED_TRACE(std::to_string(size) + " told " + std::to_string(told) + " by " + std::to_string(piece));
        expect_bytes(written(spool, bytes, piece, told), bytes);
      }
    }
  }
}

TEST(Spool, SealsWhatIsWorthIt) {
  Spool spool({.per_value = 256 << 10, .in_all = 4 << 20});
  EXPECT_LT(written(spool, bytes_of(kLeastSealed - 1), 4096).source().sealed_file(), 0);
  EXPECT_GE(written(spool, bytes_of(kLeastSealed), 4096).source().sealed_file(), 0);
  EXPECT_LT(written(spool, bytes_of(300 << 10), 4096).source().sealed_file(), 0) << "it is on the disk";
}

TEST(Spool, NobodyChangesASealedValue) {
  Spool spool;
  const std::string bytes = bytes_of(100 << 10);
  const Value value = written(spool, bytes, bytes.size());
  const int file = value.source().sealed_file();
  ASSERT_GE(file, 0);
  EXPECT_EQ(pwrite(file, "x", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(ftruncate(file, 10), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), MAP_FAILED);
  FileHandle again(open(("/proc/self/fd/" + std::to_string(file)).c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_TRUE(again.get() < 0 || pwrite(again.get(), "x", 1, 0) == -1);
  expect_bytes(value, bytes);
  ASSERT_TRUE(value.source().in_memory());
  EXPECT_EQ(as_text(*value.source().in_memory()), bytes);
}

TEST(Spool, GoesOnWithoutSealsWhereAProcessHasNoMoreFiles) {
  rlimit files{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
  Spool spool({.per_value = 1 << 20, .in_all = 1ull << 40});
  const std::string bytes = bytes_of(kLeastSealed);
  std::vector<Value> values;
  const uint64_t most = std::min<uint64_t>(files.rlim_cur / 4, 16384) + 1;
  for (uint64_t i = 0; i < most; i++) values.push_back(written(spool, bytes, bytes.size()));
  expect_bytes(values.back(), bytes);
  EXPECT_LT(values.back().source().sealed_file(), 0);
  values.clear();
  EXPECT_GE(written(spool, bytes, bytes.size()).source().sealed_file(), 0) << "there is room again";
}

TEST(Spool, WhatMemoryHasNoRoomForIsInAFile) {
  Spool spool({.per_value = 256 << 10, .in_all = 150 << 10});
  const std::string bytes = bytes_of(100 << 10);
  const Value first = written(spool, bytes, 4096), second = written(spool, bytes, 4096);
  EXPECT_TRUE(first.source().takes_memory());
  EXPECT_FALSE(second.source().takes_memory());
  expect_bytes(second, bytes);
  expect_bytes(written(spool, bytes_of(60 << 10), 4096), bytes_of(60 << 10));
}

}  // namespace
}  // namespace rebus::spool_test
