#include "descriptor/background_hash.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace rebus::background_hash_test {
namespace {

std::string bytes_of(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; i++) bytes[i] = static_cast<char>(i * 131 + (i >> 9));
  return bytes;
}

TEST(BackgroundHash, IsThatOfTheBytesHoweverTheyCome) {
  const std::string bytes = bytes_of((20 << 20) + 17);
  for (size_t size : {size_t{0}, size_t{1}, size_t{4 << 20}, size_t{(4 << 20) + 1}, bytes.size()}) {
    for (size_t piece : {size_t{999}, size_t{256 << 10}, size_t{5 << 20}, bytes.size()}) {
      SCOPED_TRACE(std::to_string(size) + " by " + std::to_string(piece));
      Bytes all = as_bytes(bytes).first(size);
      BackgroundHash hash;
      for (size_t at = 0; at < size; at += piece) hash.update(all.subspan(at, std::min(piece, size - at)));
      EXPECT_EQ(hash.finish(), sha256(all));
    }
  }
}

TEST(BackgroundHash, CanBeDroppedInTheMiddle) {
  const std::string bytes = bytes_of(9 << 20);
  for (int i = 0; i < 20; i++) {
    BackgroundHash hash;
    hash.update(as_bytes(bytes));
  }
}

}  // namespace
}  // namespace rebus::background_hash_test
