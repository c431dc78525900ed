// search: which values it finds, by how they begin.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/bus_stage.h"

namespace rebus::search_test {
namespace {

using Lines = std::vector<std::string>;

class Search : public testing::Test {
 protected:
  Printed search(const std::string& prefix, const std::string& regex) {
    return stage.run("search", {.arguments = {prefix, regex}});
  }
  Lines found(const std::string& prefix, const std::string& regex) { return search(prefix, regex).lines(); }

  BusStage stage;
  Descriptor bash = stage.inject("bash", "/binary/elf", std::string("\x7f\x45LF\0\xff\n-", 8));
  Descriptor md5 = stage.result(bash, "/md5_hash", "5eaf5491");
  Descriptor sha1 = stage.result(bash, "/signature/sha1", "95eaf");
};

TEST_F(Search, matches_the_regex_from_the_start_of_the_value) {
  EXPECT_EQ(found("/", "5eaf"), Lines{md5.selector.str()});
  EXPECT_EQ(found("/", "(?s).*5eaf"), (Lines{sha1.selector.str(), md5.selector.str()})) << "newest first";
  EXPECT_EQ(found("/", "5eaf5491$"), Lines{md5.selector.str()});
  EXPECT_EQ(found("/", "eaf"), Lines{});
}

TEST_F(Search, takes_the_prefix_byte_by_byte_from_the_start_of_the_selector) {
  EXPECT_EQ(found("/sig", ""), Lines{sha1.selector.str()});
  EXPECT_EQ(found("/md5_hash/%" + md5.selector.id()->hex().substr(0, 6), ""), Lines{md5.selector.str()});
  EXPECT_EQ(found("/hash", ""), Lines{});
}

TEST_F(Search, sees_bytes_and_not_characters) {
  EXPECT_EQ(found("/binary", "\\x7fELF.\\xff\\n-$"), Lines{bash.selector.str()});
  EXPECT_EQ(found("/binary", "(?s).{8}$"), Lines{bash.selector.str()});
  EXPECT_EQ(found("/binary", "(?s).{9}"), Lines{});
}

TEST_F(Search, looks_at_the_first_mebibyte_and_says_so) {
  auto far = stage.inject("far", "/data", std::string(1 << 20, 'x') + "needle");
  auto near = stage.inject("near", "/data", std::string((1 << 20) - 6, 'x') + "needle and more");
  auto printed = search("/data", "x*needle");
  EXPECT_EQ(printed.lines(), Lines{near.selector.str()});
  EXPECT_TRUE(printed.is_incomplete);
  ASSERT_EQ(printed.notes.size(), 1u);
  EXPECT_NE(printed.notes[0].find("1 value"), std::string::npos) << printed.notes[0];
  EXPECT_FALSE(search("/md5_hash", "nothing").is_incomplete);
}

TEST_F(Search, is_of_its_own_domain_that_of_d_or_all) {
  stage.close();
  auto other = stage.inject("o", "/text", "5eaf in another", "other");
  EXPECT_EQ(found("/", "5eaf"), Lines{md5.selector.str()});
  Called called{.arguments = {"/", "5eaf"}, .options = {{"domain", {"other"}}}};
  EXPECT_EQ(stage.run("search", called).lines(), Lines{other.selector.str()});
  called = {.arguments = {"/", "5eaf"}, .domain = "other"};
  EXPECT_EQ(stage.run("search", called).lines(), Lines{other.selector.str()});
  called.all_domains = true;
  EXPECT_EQ(stage.run("search", called).lines().size(), 2u);
}

TEST_F(Search, in_json_tells_metadata_and_names) {
  auto lines = stage.run("search", {.arguments = {"/md5", ""}, .format = "json"}).lines();
  ASSERT_EQ(lines.size(), 1u);
  auto json = nlohmann::json::parse(lines[0]);
  EXPECT_EQ(json["selector"], md5.selector.str());
  EXPECT_EQ(json["names"], nlohmann::json({"bash"}));
}

TEST(SearchArguments, are_refused_if_they_make_no_sense) {
  const Called wrong[] = {{.arguments = {"md5", "x"}},
                          {.arguments = {"/(md5|sha)", "x"}},
                          {.arguments = {"/a b", "x"}},
                          {.arguments = {"/md5", "("}},
                          {.arguments = {"/", "x"}, .options = {{"domain", {"no/domain"}}}}};
  for (const Called& called : wrong) {
    EXPECT_FALSE(declared("search", called).ok()) << called.arguments[0] << " " << called.arguments[1];
  }
  EXPECT_TRUE(declared("search", {.arguments = {"/", ""}}).ok());
}

}  // namespace
}  // namespace rebus::search_test
