// What GzipStream gives of gzip data, whole and damaged, is what zlib gives, which is not what it is made of.
#include "agents/parsers/gzip_stream.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <random>

namespace rebus::gzip_stream_test {
namespace {

struct Inflated {
  std::string bytes;
  bool is_whole = false;
};

Inflated by_stream(const std::string& packed, size_t part) {
  class Parts final : public ByteStream {
   public:
    Parts(const std::string& bytes, size_t part) : bytes_(bytes), part_(part) {}
    Result<Bytes> next() override {
      Bytes next = as_bytes(bytes_).subspan(at_, std::min(part_, bytes_.size() - at_));
      at_ += next.size();
      return next;
    }

   private:
    const std::string& bytes_;
    size_t part_, at_ = 0;
  };
  GzipStream stream(std::make_unique<Parts>(packed, part));
  Inflated out;
  while (true) {
    auto next = stream.next();
    if (!next) return out;
    if (next->empty()) break;
    out.bytes += as_text(*next);
  }
  out.is_whole = true;
  return out;
}

// Of one member; what stands behind it is left alone.
Inflated by_zlib(const std::string& packed) {
  z_stream z{};
  inflateInit2(&z, 16 + MAX_WBITS);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  z.avail_in = static_cast<uInt>(packed.size());
  std::string buffer(1 << 20, '\0');
  z.next_out = reinterpret_cast<Bytef*>(buffer.data());
  z.avail_out = static_cast<uInt>(buffer.size());
  int status = inflate(&z, Z_SYNC_FLUSH);
  buffer.resize(z.total_out);
  inflateEnd(&z);
  return {buffer, status == Z_STREAM_END};
}

// Levels make blocks of all kinds; a header with a name, an extra field and, of odd ones, a checksum of its
// own.
std::string gzipped(const std::string& bytes, int level, int strategy) {
  z_stream z{};
  deflateInit2(&z, level, Z_DEFLATED, 16 + MAX_WBITS, 8, strategy);
  gz_header header{};
  std::string name = "name", extra = "extra";
  header.name = reinterpret_cast<Bytef*>(name.data());
  header.extra = reinterpret_cast<Bytef*>(extra.data());
  header.extra_len = 5;
  header.hcrc = level % 2;
  deflateSetHeader(&z, &header);
  std::string packed(deflateBound(&z, bytes.size()) + 100, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = reinterpret_cast<Bytef*>(packed.data());
  z.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  packed.resize(z.total_out);
  deflateEnd(&z);
  return packed;
}

std::string some_bytes(size_t size, std::mt19937& random) {
  std::string bytes;
  while (bytes.size() < size) {
    if (random() % 3 == 0 && !bytes.empty()) {  // something seen before
      size_t from = random() % bytes.size(), count = std::min<size_t>(random() % 300, bytes.size() - from);
      bytes += bytes.substr(from, count);
    }
    bytes += static_cast<char>(random() % 11 == 0 ? random() : 'a' + random() % 16);
  }
  return bytes;
}

std::vector<std::string> members(std::mt19937& random) {
  std::vector<std::string> all;
  for (int level : {0, 1, 6, 9}) all.push_back(gzipped(some_bytes(2000, random), level, Z_DEFAULT_STRATEGY));
  all.push_back(gzipped(some_bytes(600, random), 6, Z_FIXED));
  all.push_back(gzipped("", 6, Z_DEFAULT_STRATEGY));
  return all;
}

TEST(GzipStream, GivesTheBytesOfEveryMemberHoweverTheyCome) {
  std::mt19937 random(1);
  std::string packed, expected;
  for (const std::string& member : members(random)) {
    packed += member;
    expected += by_zlib(member).bytes;
  }
  for (size_t part : {1U, 2U, 7U, 100U, 100000U}) {
    auto got = by_stream(packed, part);
    EXPECT_TRUE(got.is_whole) << part;
    EXPECT_EQ(got.bytes, expected) << part;
  }
}

TEST(GzipStream, TellsOfEveryDamageThatZlibTellsOf) {
  std::mt19937 random(2);
  int whole = 0, damaged = 0;
  for (const std::string& member : members(random)) {
    for (size_t i = 0; i < member.size() * 2; i++) {
      std::string packed = member;
      packed[i % member.size()] ^= static_cast<char>(1 << random() % 8);
      if (!GzipStream::begins(as_bytes(packed))) continue;  // nobody would take it for gzip
      auto expected = by_zlib(packed);
      auto got = by_stream(packed, 1 + random() % 500);
      (expected.is_whole ? whole : damaged)++;
      EXPECT_EQ(got.is_whole, expected.is_whole) << i;
      EXPECT_TRUE(!expected.is_whole || got.bytes == expected.bytes) << i;
      // What came before the damage is the same, though one sees it later than the other.
      size_t common = std::min(got.bytes.size(), expected.bytes.size());
      EXPECT_EQ(got.bytes.substr(0, common), expected.bytes.substr(0, common)) << i;
    }
  }
  EXPECT_GT(whole, 10) << "flips in a name's or time's bits";
  EXPECT_GT(damaged, 5000);
}

TEST(GzipStream, TellsOfEveryEndThatIsMissing) {
  std::mt19937 random(3);
  for (const std::string& member : members(random)) {
    for (size_t size = 4; size < member.size(); size++) {
      auto got = by_stream(member.substr(0, size), 1 + random() % 500);
      EXPECT_FALSE(got.is_whole) << size << " of " << member.size();
      auto expected = by_zlib(member.substr(0, size));
      EXPECT_EQ(got.bytes, expected.bytes) << size;
    }
  }
}

}  // namespace
}  // namespace rebus::gzip_stream_test
