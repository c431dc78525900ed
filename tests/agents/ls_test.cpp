// ls and cat: what they find among what is stored, and how they print it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "descriptor/escape.h"
#include "tests/support/bus_stage.h"

namespace rebus::ls_test {
namespace {

using Lines = std::vector<std::string>;
using OptionMap = std::map<std::string, std::vector<std::string>>;

// Three files, one of them twice in an archive, with results.
class Listing : public testing::Test {
 protected:
  Lines ls(std::vector<std::string> arguments, OptionMap options = {}) {
    return stage.run("ls", {.arguments = std::move(arguments), .options = std::move(options)}).lines();
  }
  std::string cat(std::vector<std::string> arguments, OptionMap options = {}) {
    return stage.run("cat", {.arguments = std::move(arguments), .options = std::move(options)}).text;
  }

  BusStage stage;
  Descriptor archive = stage.inject("apt1.tgz", "/archive/tar", "tar");
  Descriptor bash = stage.extract(archive, "bin/bash", "/binary/elf", "bash");
  Descriptor rbash = stage.extract(archive, "bin/rbash", "/binary/elf", "bash");
  Descriptor ls_file = stage.extract(archive, "bin/ls", "/binary/elf", "ls");
  Descriptor bash_md5 = stage.result(bash, "/md5_hash", "m1");
  Descriptor ls_md5 = stage.result(ls_file, "/md5_hash", "m2");
};

TEST_F(Listing, is_newest_first) {
  EXPECT_EQ(ls({"/md5"}), (Lines{ls_md5.selector.str(), bash_md5.selector.str()}));
  auto all = ls({});
  ASSERT_EQ(all.size(), 6u);  // the note of the submission among them
  EXPECT_EQ(all.front(), ls_md5.selector.str());
}

TEST_F(Listing, matches_the_regex_from_the_start) {
  EXPECT_EQ(ls({"md5"}), Lines{});
  EXPECT_EQ(ls({"/(archive|md5_hash)/"}).size(), 3u);
  EXPECT_EQ(ls({"/md5_hash/%" + bash_md5.selector.id()->hex() + "$"}), Lines{bash_md5.selector.str()});
}

TEST_F(Listing, obeys_limit_and_offset) {
  EXPECT_EQ(ls({"/"}, {{"limit", {"2"}}}).size(), 2u);
  EXPECT_EQ(ls({"/md5"}, {{"limit", {"1"}}, {"offset", {"1"}}}), Lines{bash_md5.selector.str()});
  EXPECT_EQ(ls({"/md5"}, {{"offset", {"7"}}}), Lines{});
  EXPECT_EQ(ls({"/md5"}, {{"limit", {"0"}}}), Lines{});
}

TEST_F(Listing, finds_by_name) {
  const Lines just_bash{bash.selector.str()};
  EXPECT_EQ(ls({}, {{"label", {"bash"}}}), just_bash);
  EXPECT_EQ(ls({}, {{"label", {"rbash"}}}), just_bash);
  EXPECT_EQ(ls({}, {{"label", {"bin/bash"}}}), just_bash);
  EXPECT_EQ(ls({}, {{"label", {"ba*"}}}), just_bash);
  EXPECT_EQ(ls({}, {{"label", {"apt1.tgz"}}}), Lines{archive.selector.str()});
}

TEST_F(Listing, finds_by_the_whole_name_that_return_prints) {
  EXPECT_EQ(ls({}, {{"label", {"apt1.tgz:bin/rbash"}}}), Lines{bash.selector.str()});
  EXPECT_EQ(ls({}, {{"label", {"apt1.tgz:bin/l*"}}}), Lines{ls_file.selector.str()});
  EXPECT_EQ(ls({}, {{"label", {"apt2.tgz:bin/bash"}}}), Lines{});
}

TEST_F(Listing, finds_results_of_a_name) {
  EXPECT_EQ(ls({"/md5"}, {{"label", {"rbash"}}}), Lines{bash_md5.selector.str()});
  EXPECT_EQ(ls({"/md5"}, {{"label", {"apt1.tgz:bin/ls"}}}), Lines{ls_md5.selector.str()});
}

TEST_F(Listing, finds_results_of_a_name_made_by_another_agent_than_the_file) {
  stage.close();
  stage.consume(*find_agent("stringer"));
  EXPECT_EQ(ls({"/"}, {{"label", {"rbash"}}, {"agent", {"stringer"}}}).size(), 1u);
}

TEST_F(Listing, answers_whether_a_hash_was_seen) {
  std::string hex = sha256(as_bytes("bash")).hex();
  EXPECT_EQ(ls({}, {{"hash", {hex}}}), Lines{bash.selector.str()});
  EXPECT_EQ(ls({}, {{"hash", {hex.substr(0, 8)}}}), Lines{bash.selector.str()});
  std::string upper = hex.substr(0, 8);
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(ls({}, {{"hash", {upper}}}), Lines{bash.selector.str()});
  EXPECT_EQ(ls({}, {{"hash", {sha256(as_bytes("m1")).hex()}}}), Lines{bash_md5.selector.str()})
      << "of a value";
  EXPECT_EQ(ls({"/text"}, {{"hash", {hex}}}), Lines{});
}

TEST_F(Listing, says_on_standard_error_that_a_hash_was_not_seen) {
  auto printed = stage.run("ls", {.options = {{"hash", {"00000000"}}}});
  EXPECT_EQ(printed.text, "");
  EXPECT_EQ(printed.notes.size(), 1u);
  EXPECT_TRUE(printed.ended.ok());
  EXPECT_FALSE(printed.is_incomplete);
}

TEST_F(Listing, finds_by_agent_and_by_time) {
  EXPECT_EQ(ls({"/md5"}, {{"agent", {"stage"}}}).size(), 2u);
  EXPECT_EQ(ls({"/md5"}, {{"agent", {"other"}}}), Lines{});
  EXPECT_EQ(ls({"/md5"}, {{"since", {"1h"}}}).size(), 2u);
  EXPECT_EQ(ls({"/md5"}, {{"since", {"2222-01-01"}}}), Lines{});
  EXPECT_EQ(ls({}, {{"label", {"bash"}}, {"since", {"2222-01-01"}}}), Lines{});
}

TEST_F(Listing, goes_on_over_many_pages) {
  for (int i = 0; i < 600; i++) stage.result(bash, "/many", std::to_string(i));
  EXPECT_EQ(ls({"/many"}).size(), 600u);
  EXPECT_EQ(ls({"/many"}, {{"limit", {"300"}}, {"offset", {"400"}}}).size(), 200u);
}

TEST_F(Listing, in_json_tells_names_and_metadata_and_no_value) {
  auto lines = stage.run("ls", {.arguments = {"/md5"}, .format = "json"}).lines();
  ASSERT_EQ(lines.size(), 2u);
  auto json = nlohmann::json::parse(lines[1]);
  EXPECT_EQ(json["names"], nlohmann::json({"apt1.tgz:bin/bash", "apt1.tgz:bin/rbash"}));
  EXPECT_EQ(json["agent"], "stage");
  EXPECT_FALSE(json.contains("value"));
}

TEST_F(Listing, is_of_its_own_domain_unless_told_otherwise) {
  stage.close();
  auto other = stage.inject("o", "/binary/elf", "other", "other");
  EXPECT_EQ(ls({"/binary"}).size(), 2u);
  EXPECT_EQ(stage.run("ls", {.arguments = {"/binary"}, .domain = "other"}).lines(),
            Lines{other.selector.str()});
  EXPECT_EQ(stage.run("ls", {.arguments = {"/binary"}, .all_domains = true}).lines().size(), 3u);
}

TEST(Ls, refuses_what_it_cannot_understand) {
  const OptionMap wrong[] = {{{"limit", {"many"}}},
                             {{"limit", {"-1"}}},
                             {{"offset", {"1x"}}},
                             {{"hash", {"abc"}}},
                             {{"hash", {"xyzw"}}},
                             {{"since", {"yesterday"}}},
                             {{"hash", {"abcd"}}, {"label", {"x"}}}};
  for (const auto& options : wrong) {
    EXPECT_FALSE(declared("ls", {.options = options}).ok()) << options.begin()->first;
  }
  EXPECT_FALSE(declared("ls", {.arguments = {"("}}).ok());
  EXPECT_TRUE(declared("ls", {}).ok());
}

TEST_F(Listing, of_values_by_cat_is_selector_and_value_newest_first) {
  EXPECT_EQ(cat({"/md5"}), ls_md5.selector.str() + "\n    m2\n" + bash_md5.selector.str() + "\n    m1\n");
  EXPECT_EQ(cat({"md5"}), "") << "from the start";
}

TEST_F(Listing, of_values_by_cat_is_three_unless_told_otherwise) {
  for (int i = 0; i < 5; i++) stage.result(bash, "/many", std::to_string(i));
  EXPECT_EQ(cat({"/many"}, {{"raw", {}}}), "432");
  EXPECT_EQ(cat({"/many"}, {{"raw", {}}, {"count", {"1"}}}), "4");
  EXPECT_EQ(cat({"/many"}, {{"raw", {}}, {"count", {"99"}}}), "43210");
  EXPECT_EQ(cat({"/many"}, {{"raw", {}}, {"count", {"0"}}}), "");
}

TEST_F(Listing, of_values_by_cat_is_escaped_unless_raw) {
  std::string bytes = std::string("\x1b]0;x\a\n\0", 8) + std::string(2 << 20, 'x');
  stage.result(bash, "/evil", bytes, Kind::kRaw);
  EXPECT_EQ(cat({"/evil"}).find('\x1b'), std::string::npos);
  EXPECT_EQ(cat({"/evil"}, {{"raw", {}}}), bytes);
}

TEST_F(Listing, of_values_by_cat_in_json_has_names_and_value) {
  auto lines =
      stage.run("cat", {.arguments = {"/md5"}, .options = {{"count", {"1"}}}, .format = "json"}).lines();
  ASSERT_EQ(lines.size(), 1u);
  auto json = nlohmann::json::parse(lines[0]);
  EXPECT_EQ(json["value"], "m2");
  EXPECT_EQ(json["names"], nlohmann::json({"apt1.tgz:bin/ls"}));
}

TEST(Cat, refuses_what_it_cannot_understand) {
  EXPECT_FALSE(declared("cat", {.arguments = {"("}}).ok());
  EXPECT_FALSE(declared("cat", {.arguments = {"/"}, .options = {{"count", {"x"}}}}).ok());
}

}  // namespace
}  // namespace rebus::ls_test
