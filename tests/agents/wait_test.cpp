// wait: what ends it, and what it shows.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/bus_stage.h"

namespace rebus::wait_test {
namespace {

TEST(Wait, shows_the_begin_of_the_first_match_and_no_other) {
  BusStage stage;
  auto file = stage.inject("f", "/binary/elf", "elf");
  stage.inject("again", "/binary/elf", "elf");  // a further name of what does not match
  auto md5 = stage.result(file, "/md5_hash", "first\nline\x1b");
  stage.result(file, "/md5_hash", "second");
  EXPECT_EQ(stage.run("wait", {.arguments = {"/md5"}}).text,
            md5.selector.str() + "\n    first\n    line\\x1b\n");
}

TEST(Wait, takes_the_prefix_from_the_start_of_the_selector_byte_by_byte) {
  BusStage stage;
  auto file = stage.inject("f", "/binary/elf", "elf");
  stage.result(file, "/old/md5_hash", "inside");
  stage.result(file, "/md5_hash", "start");
  EXPECT_TRUE(stage.run("wait", {.arguments = {"/md"}}).text.ends_with("start\n"));
}

TEST(Wait, shows_five_hundred_bytes_at_most) {
  BusStage stage;
  auto file = stage.inject("f", "/data", std::string(499, 'x') + "yz");
  EXPECT_EQ(stage.run("wait", {.arguments = {"/data"}}).text,
            file.selector.str() + "\n    " + std::string(499, 'x') + "y…\n");
}

TEST(Wait, ends_while_the_bus_goes_on) {
  BusStage stage;
  auto file = stage.inject("f", "/binary/elf", "elf");
  auto running = stage.start("wait", {.arguments = {"/md5_hash"}});
  auto md5 = stage.result(file, "/md5_hash", "m");
  EXPECT_EQ(running->end().text, md5.selector.str() + "\n    m\n");
  stage.result(file, "/sha1", "the injection is still open");
}

TEST(Wait, ends_incomplete_if_all_is_done_and_nothing_came) {
  BusStage stage;
  stage.inject("f", "/binary/elf", "elf");
  auto printed = stage.run("wait", {.arguments = {"/nothing"}});
  EXPECT_TRUE(printed.ended.ok());
  EXPECT_EQ(printed.text, "");
  EXPECT_TRUE(printed.is_incomplete);
  EXPECT_EQ(printed.notes.size(), 1u);
}

TEST(Wait, in_json_has_metadata_and_the_begin) {
  BusStage stage;
  stage.inject("f", "/data", std::string(600, 'x'));
  auto json = nlohmann::json::parse(stage.run("wait", {.arguments = {"/data"}, .format = "json"}).text);
  EXPECT_EQ(json["value"], std::string(500, 'x'));
  EXPECT_EQ(json["value_cut"], true);
  EXPECT_EQ(json["label"], "f");
}

TEST(Wait, refuses_what_begins_no_selector) {
  EXPECT_FALSE(declared("wait", {.arguments = {"md5"}}).ok());
  EXPECT_FALSE(declared("wait", {.arguments = {"/(a|b)"}}).ok());
  EXPECT_TRUE(declared("wait", {.arguments = {"/md5_hash/%5e"}}).ok());
}

}  // namespace
}  // namespace rebus::wait_test
