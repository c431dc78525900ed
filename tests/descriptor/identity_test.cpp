#include <gtest/gtest.h>

#include "descriptor/descriptor.h"
#include "tests/support/scratch_folder.h"

// The numbers come from an independent computation (Python's hashlib and uuid) and stand in docs/protocol.md.
namespace rebus::identity_test {
namespace {

const std::string kObject = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
const std::string kObjectUuid = "46f0f834-8350-5c3d-8139-ec224a951b27";
const std::string kSalted = "aabf4627ce0ab2d1907500a294607231e8db1332d1f1216f02a24f4ea9e7849c";
const std::string kSaltedUuid = "25ecda3a-368e-52c3-8f82-e51e239c4882";
const std::string kResult = "29f6038e78c1758c36b8ef687d4c3a886c7ef638d0744509ee7b283b2d6101cc";
const std::string kLink = "259a031566140d99780e215d055e8826ea71dbced972bdef056c55ab3a1bb6ea";

Descriptor hello() { return make_object(Domain(), "/text/ascii", "hello", Value::of("hello\n"), "inject"); }

Descriptor salted_hello() {
  std::string salt;
  for (char c = 0; c < 16; c++) salt += c;
  return make_object(Domain(), "/archive/tar", "hello", Value::of("hello\n"), "inject", salt);
}

TEST(Identity, OfAnObjectIsWhatSha256sumPrints) {
  EXPECT_EQ(hello().selector.id()->hex(), kObject);
  EXPECT_EQ(hello().uuid.str(), kObjectUuid);
}

TEST(Identity, OfAnObjectDependsOnItsSalt) {
  EXPECT_EQ(salted_hello().selector.id()->hex(), kSalted);
  EXPECT_EQ(salted_hello().uuid.str(), kSaltedUuid);
}

TEST(Identity, OfAResultDependsOnAgentPathValueAndParent) {
  Descriptor md5 = make_child(hello(), "hasher", "/md5_hash", Value::of("b1946ac92492d2347c6235b4d2611184"));
  EXPECT_EQ(md5.selector.id()->hex(), kResult);
  EXPECT_EQ(md5.uuid.str(), kObjectUuid);
  EXPECT_EQ(identity(md5).hex(), kResult);
}

TEST(Identity, OfAResultDependsOnAllParentsInOrder) {
  const std::string path = "/link/unarchive/unarchived";
  const Digest value = Value::of("{}").digest();
  std::vector<Selector> parents{hello().selector, salted_hello().selector};
  EXPECT_EQ(result_id(path, "unarchive", parents, value).hex(), kLink);
  std::swap(parents[0], parents[1]);
  EXPECT_NE(result_id(path, "unarchive", parents, value).hex(), kLink);
}

TEST(Identity, IsNotFooledByShiftedFields) {
  const Digest value = Value::of("").digest();
  EXPECT_NE(result_id("/ab", "c", {}, value), result_id("/a", "bc", {}, value));
}

TEST(Identity, IsDocumentedWithTheseVeryNumbers) {
  const std::string page = file_bytes(REBUS_SOURCE "/docs/protocol.md");
  for (const auto& number : {kObject, kObjectUuid, kSalted, kSaltedUuid, kResult, kLink}) {
    EXPECT_NE(page.find("`" + number + "`"), std::string::npos) << number;
  }
}

}  // namespace
}  // namespace rebus::identity_test
