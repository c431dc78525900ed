// What goes through the ring comes out as it was, and nothing in it can change what was taken.
#include "agents/parsers/block_ring.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <random>

namespace rebus::block_ring_test {
namespace {

TEST(BlockRing, GivesTheBytesInTheirOrderAroundItsEnd) {
  auto reader = BlockReader::make();
  ASSERT_TRUE(reader.ok());
  auto writer = BlockWriter::map(reader->file());
  ASSERT_TRUE(writer.ok());
  std::mt19937 random(1);
  uint64_t told = 0, rounds = 0;
  for (uint64_t total = 0; total < 5 * kRingSize; rounds++) {
    std::string bytes(random() % (rounds % 7 == 0 ? 1 << 20 : 1000), static_cast<char>(random()));
    ASSERT_GE(writer->room(), bytes.size()) << "it waits for ever";
    writer->put(as_bytes(bytes));
    EXPECT_EQ(as_text(reader->take(bytes.size())), bytes);
    total += bytes.size();
    uint64_t taken = reader->untold();
    writer->taken(taken);
    told += taken;
    EXPECT_LE(total - told, kRingSize / 2);
  }
}

TEST(BlockRing, HasNoMoreRoomThanItHas) {
  auto reader = BlockReader::make();
  auto writer = BlockWriter::map(reader->file());
  const std::string bytes(kRingSize, 'x');
  writer->put(as_bytes(bytes));
  EXPECT_EQ(writer->room(), 0u);
  EXPECT_EQ(as_text(reader->take(kRingSize)), bytes);
  writer->taken(reader->untold());
  EXPECT_EQ(writer->room(), kRingSize);
}

TEST(BlockRing, WhatWasTakenStaysAsItWas) {
  auto reader = BlockReader::make();
  auto writer = BlockWriter::map(reader->file());
  writer->put(as_bytes(std::string_view("good")));
  Bytes taken = reader->take(4);
  ASSERT_EQ(pwrite(reader->file(), "evil", 4, 0), 4);
  EXPECT_EQ(as_text(taken), "good");
}

TEST(BlockRing, CannotBeMadeShorter) {
  auto reader = BlockReader::make();
  EXPECT_NE(ftruncate(reader->file(), 0), 0);
  EXPECT_NE(fcntl(reader->file(), F_ADD_SEALS, F_SEAL_WRITE), 0) << "nor unwritable";
}

}  // namespace
}  // namespace rebus::block_ring_test
