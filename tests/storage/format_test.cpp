// The page about the format tells the truth: its families, its examples, its numbers.
#include <algorithm>
#include <map>
#include <sstream>

#include "storage/block_checksums.h"
#include "storage/disk_values.h"
#include "storage/keys.h"
#include "storage/stored_entry.h"
#include "tests/storage/store_kit.h"

namespace rebus::format_test {
namespace {

const std::string& page() {
  static const std::string text = read_file(REBUS_SOURCE "/docs/storage_format.md");
  return text;
}

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> out;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, '|');) {
    size_t begin = cell.find_first_not_of(' '), end = cell.find_last_not_of(' ');
    out.push_back(begin == cell.npos ? "" : cell.substr(begin, end - begin + 1));
  }
  return out;
}

struct Row {
  std::string name;
  std::string key;  // hex
};

// "11…" stands for 32 such bytes, "33…" for a uuid's 16.
std::string expand(std::string example) {
  std::string out;
  std::istringstream in(example.substr(1, example.size() - 2));
  for (std::string part; in >> part;) {
    size_t dots = part.find("…");
    size_t count = part.starts_with("33") ? 16 : 32;
    if (dots == part.npos) out += part;
    for (size_t i = 0; dots != part.npos && i < count; i++) out += part.substr(0, 2);
  }
  return out;
}

std::map<size_t, Row> documented() {
  std::map<size_t, Row> rows;
  std::istringstream in(page());
  for (std::string line; std::getline(in, line);) {
    auto row = cells(line);
    if (row.size() < 6 || row[1].empty() || row[1].find_first_not_of("0123456789") != std::string::npos)
      continue;
    rows[std::stoul(row[1])] = {row[2], expand(row[5])};
  }
  return rows;
}

TEST(StorageFormat, page_names_every_family) {
  auto rows = documented();
  for (size_t number = 1; number < kFamilies; number++) {
    if (!rows.contains(number) && std::string(family_name(static_cast<Family>(number))) == "?") continue;
    EXPECT_EQ(rows[number].name, family_name(static_cast<Family>(number))) << number;
  }
}

TEST(StorageFormat, page_shows_keys_as_they_are) {
  Digest id, digest;
  Uuid uuid;
  id.bytes.fill(0x11);
  digest.bytes.fill(0x22);
  uuid.bytes.fill(0x33);
  Domain lab = domain_of("lab");
  constexpr Seq kPosition = 258;
  std::map<Family, std::string> keys{
      {Family::kSystem, kBusKey},
      {Family::kLog, number_key(kPosition)},
      {Family::kBytes, digest_key(digest)},
      {Family::kStored, digest_key(digest)},
      {Family::kFile, digest_key(digest)},
      {Family::kIdentity, identity_key(id, lab, "/a")},
      {Family::kDigest, value_digest_key(digest, kPosition)},
      {Family::kPath, path_key(lab, "/a", kPosition)},
      {Family::kVersion, version_key(lab, "/a", 7)},
      {Family::kUuid, uuid_key(uuid, kPosition)},
      {Family::kLabel, label_key(lab, uuid)},
      {Family::kChild, pair_key(5, kPosition)},
      {Family::kOrigin, pair_key(kPosition, kPosition)},
      {Family::kContainer, pair_key(5, kPosition)},
      {Family::kContent, pair_key(5, kPosition)},
      {Family::kRoot, pair_key(3, kPosition)},
      {Family::kSameOrigin, same_origin_key({0, kPosition, 5, 3, "x", 6, ""})},
      {Family::kName, name_key("x", kPosition)},
      {Family::kMark, mark_key(kPosition, 4)},
      {Family::kConsumer, consumer_key(4)},
      {Family::kSubmission, number_key(3)},
      {Family::kActive, active_key(Lane::kNormal, kPosition, 3)},
      {Family::kOpen, number_key(3)},
      {Family::kQueue, pair_key(3, kPosition)},
      {Family::kFailure, task_key(4, kPosition)},
      {Family::kAttempt, task_key(4, kPosition)},
      {Family::kRunning, slot_key(4, 1)},
      {Family::kPruned, digest_key(digest)},
      {Family::kType, type_key(Lane::kNormal, true, lab, "/a")},
  };
  auto rows = documented();
  for (const auto& [family, key] : keys) {
    EXPECT_EQ(rows[static_cast<size_t>(family)].key, to_hex(as_bytes(key))) << family_name(family);
  }
}

TEST(StorageFormat, page_tells_the_numbers) {
  EXPECT_NE(page().find("Format version: **" + std::to_string(kFormatVersion) + "**"), std::string::npos);
  EXPECT_NE(page().find("1 byte to 524,288 bytes | family `bytes`"), std::string::npos);
  EXPECT_EQ(kMaxTableValue, 524288u);
  EXPECT_NE(page().find("The first 16 MiB"), std::string::npos);
  EXPECT_EQ(kThroughCache, 16u << 20);
  EXPECT_NE(page().find("last position / 1024"), std::string::npos);
  EXPECT_EQ(1u << kActiveShift, 1024u);
}

TEST(StorageFormat, page_shows_the_entry_of_a_file) {
  BlockChecksums whole, pieces;
  std::string bytes(BlockChecksums::kBlock + 3, 'a');
  whole.append(as_bytes(bytes));
  for (size_t at = 0; at < bytes.size(); at += 1001) pieces.append(as_bytes(bytes.substr(at, 1001)));
  EXPECT_EQ(pieces.entry(), whole.entry());
  EXPECT_NE(page().find("`" + to_hex(as_bytes(whole.entry())) + "`"), std::string::npos)
      << to_hex(as_bytes(whole.entry()));
  EXPECT_NE(page().find("each 262,144 bytes"), std::string::npos);
  EXPECT_EQ(BlockChecksums::kBlock, 262144u);
}

TEST(BlockChecksums, entry_is_read_back_and_damage_is_noticed) {
  for (size_t size : {0, 1, 262144, 262145, 600000}) {
    BlockChecksums checksums;
    checksums.append(as_bytes(std::string(size, 'x')));
    std::string entry = checksums.entry();
    EXPECT_EQ(entry.size(), 8 + 4 * ((size + 262143) / 262144));
    auto parsed = BlockChecksums::parse(entry);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->size(), size);
    EXPECT_EQ(parsed->entry(), entry);
    EXPECT_FALSE(BlockChecksums::parse(entry + "x").has_value());
    EXPECT_FALSE(BlockChecksums::parse(entry.substr(1)).has_value());
  }
  EXPECT_FALSE(BlockChecksums::parse(std::string(8, '\xFF')).has_value())
      << "no memory for what is not there";
}

// --- keys sort as what they stand for ---

TEST(Keys, of_names_sort_as_the_names_do) {
  std::vector<std::string> names{"",
                                 std::string("\0", 1),
                                 std::string("\0\0", 2),
                                 std::string("\0a", 2),
                                 "a",
                                 std::string("a\0", 2),
                                 std::string("a\0b", 3),
                                 "a\x01",
                                 "aa",
                                 "b",
                                 "\xFF",
                                 "\xFF\xFF"};
  std::sort(names.begin(), names.end());
  for (size_t i = 1; i < names.size(); i++) {
    EXPECT_LT(name_key(names[i - 1], ~Seq{0}), name_key(names[i], 0)) << i;
  }
}

TEST(Keys, sort_by_number) {
  for (uint64_t number : {0ull, 1ull, 255ull, 256ull, 65535ull, 1ull << 32, (1ull << 63) - 1, ~0ull - 1}) {
    EXPECT_LT(number_key(number), number_key(number + 1));
    EXPECT_EQ(last_number(number_key(number)), number);
  }
}

TEST(Keys, that_are_too_short_are_noticed) {
  KeyReader reader("\0\0\0");
  EXPECT_EQ(reader.u64(), 0u);
  EXPECT_FALSE(reader.ok());
  KeyReader unended("abc");
  EXPECT_EQ(unended.word(), "");
  EXPECT_FALSE(unended.ok());
  EXPECT_EQ(last_number("abc"), 0u);
}

TEST(LogEntryHead, is_read_back_and_damage_is_noticed) {
  LogEntry entry{7, true, domain_of("lab"), "/a/b", true};
  std::string bytes = encode_head(entry);
  EXPECT_EQ(to_hex(as_bytes(bytes)),
            "03"
            "6c616200"
            "2f612f6200");
  std::string longer = bytes + "rest";
  std::string_view rest = longer;
  auto got = decode_head(rest, 7);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->path, "/a/b");
  EXPECT_EQ(got->domain, entry.domain);
  EXPECT_TRUE(got->is_origin && got->is_object);
  EXPECT_EQ(rest, "rest");
  for (size_t size = 0; size < bytes.size(); size++) {
    std::string_view cut = std::string_view(bytes).substr(0, size);
    EXPECT_FALSE(decode_head(cut, 7)) << size;
  }
}

}  // namespace
}  // namespace rebus::format_test
