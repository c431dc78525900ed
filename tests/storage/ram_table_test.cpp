// Keys are compared by their first bytes as a number: in the order of the bytes all the same.
#include "storage/ram_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace rebus::ram_table_test {
namespace {

TEST(RamTable, KeepsKeysInTheOrderOfTheirBytes) {
  std::mt19937 random(5);
  std::set<std::string> keys = {"", std::string(1, '\0'), std::string(8, '\0'), std::string(9, '\0')};
  while (keys.size() < 2000) {
    std::string key(random() % 12, '\0');
    for (char& c : key) c = std::string_view("\0\1a\x7f\x80\xff", 6)[random() % 6];
    keys.insert(key);
  }
  RamTable table;
  Batch batch;
  for (const std::string& key : keys) batch.push_back({Family::kName, false, key, "v" + key, {}});
  std::shuffle(batch.begin(), batch.end(), random);
  ASSERT_TRUE(table.write(std::move(batch)));
  auto at = table.iterate(Family::kName);
  at->seek("");
  for (const std::string& key : keys) {  // std::string compares bytes as numbers without a sign
    ASSERT_TRUE(at->valid());
    ASSERT_EQ(at->key(), key);
    EXPECT_EQ(table.get(Family::kName, key)->value(), "v" + key);
    at->next();
  }
  EXPECT_FALSE(at->valid());
  for (const std::string& key : keys) {
    auto after = table.iterate(Family::kName);
    after->seek(key + '\0');
    auto expected = keys.upper_bound(key);
    ASSERT_EQ(after->valid(), expected != keys.end());
    if (after->valid()) {
      EXPECT_EQ(after->key(), *expected);
    }
    after->seek_back(key);
    ASSERT_TRUE(after->valid());
    EXPECT_EQ(after->key(), key);
  }
}

}  // namespace
}  // namespace rebus::ram_table_test
