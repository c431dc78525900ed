// tree: how a submission looks.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/bus_stage.h"

namespace rebus::tree_test {
namespace {

using Lines = std::vector<std::string>;

// Takes files and fails on some of them.
class Picky final : public Agent {
 public:
  Result<void> process(Work& work) override {
    auto value = work.value().load(100);
    if (value && *value == "bad") return Error{Code::kFailed, "truncated\x1b[2J"};
    return {};
  }
};

const AgentSpec kPicky{
    .name = "picky",
    .summary = {},
    .help = {},
    .prefixes = {"/binary", "/md5_hash"},
    .make = [](const Setting&) -> std::unique_ptr<Agent> { return std::make_unique<Picky>(); }};

// All lines but the first, which tells a time.
Lines drawn(const Printed& printed) {
  Lines lines = printed.lines();
  EXPECT_TRUE(printed.ended.ok());
  if (!lines.empty()) lines.erase(lines.begin());
  return lines;
}

TEST(Tree, draws_the_last_submission_by_default) {
  BusStage stage;
  stage.inject("old", "/binary/elf", "old");
  stage.close();
  auto outer = stage.inject("apt1.tgz", "/archive/tar", "tar");
  stage.extract(outer, "bash", "/binary/elf/x86_64", "elf");
  auto inner = stage.extract(outer, "in/b.zip", "/archive/zip", std::string(1536, 'z'));
  stage.extract(inner, "x", "/text/ascii", "xx");
  stage.extract(outer, "last", "/unknown", "?");
  auto printed = stage.run("tree", {});
  EXPECT_EQ(printed.lines().at(0).substr(0, 26), "submission 2  apt1.tgz  20");
  EXPECT_EQ(drawn(printed), (Lines{"apt1.tgz  /archive/tar  3 B", "├── bash  /binary/elf/x86_64  3 B",
                                   "├── in/b.zip  /archive/zip  1.5 KiB", "│   └── x  /text/ascii  2 B",
                                   "└── last  /unknown  1 B",
                                   "1 injected, 4 extracted, 0 results, 0 failures, 0 limits: complete"}));
  EXPECT_EQ(drawn(stage.run("tree", {.arguments = {"1"}})).at(0), "old  /binary/elf  3 B");
}

TEST(Tree, tells_who_handled_what_and_what_went_wrong) {
  BusStage stage;
  auto archive = stage.inject("a.tar", "/archive/tar", "tar");
  stage.extract(archive, "good", "/binary/elf", "good");
  auto bad = stage.extract(archive, "bad", "/binary/elf", "bad");
  auto cut = stage.extract(archive, "cut", "/text", "cut");
  stage.result(cut, "/limit/entries", "more than 10 entries\n");
  stage.result(cut, "/md5_hash", "bad");
  stage.result(cut, "/md5_hash", "fine");  // handled, but the file itself is not
  stage.close();
  stage.consume(kPicky);
  EXPECT_EQ(drawn(stage.run("tree", {})),
            (Lines{"a.tar  /archive/tar  3 B", "├── good  /binary/elf  4 B  [picky]",
                   "├── bad  /binary/elf  3 B", "│       !! picky failed: truncated\\x1b[2J",
                   "└── cut  /text  3 B", "        !! picky failed on /md5_hash: truncated\\x1b[2J",
                   "        !! limit: /limit/entries: more than 10 entries\\x0a",
                   "1 injected, 3 extracted, 3 results, 2 failures, 1 limit: complete"}));
}

TEST(Tree, tells_what_went_wrong_with_files_that_came_in_before) {
  BusStage stage;
  auto bad = stage.inject("bad", "/binary/elf", "bad");
  stage.result(bad, "/limit/entries", "more than 10 entries");
  stage.close();
  stage.consume(kPicky);
  stage.inject("again", "/binary/elf", "bad");
  EXPECT_EQ(
      drawn(stage.run("tree", {})),
      (Lines{"again  /binary/elf  3 B", "    !! picky failed: truncated\\x1b[2J",
             "    !! limit: /limit/entries: more than 10 entries",
             "1 injected, 0 extracted, 0 results, 1 failure, 1 limit: complete; what 1 earlier submission "
             "brought is counted there"}));
}

TEST(Tree, expands_an_object_once) {
  BusStage stage;
  auto outer = stage.inject("o.tar", "/archive/tar", "outer");
  auto first = stage.extract(outer, "1.zip", "/archive/zip", "zip");
  stage.extract(first, "x", "/text", "x");
  stage.extract(outer, "2.zip", "/archive/zip", "zip");
  stage.inject("again.tar", "/archive/tar", "outer");
  auto lines = drawn(stage.run("tree", {}));
  lines.pop_back();
  EXPECT_EQ(lines, (Lines{"o.tar  /archive/tar  5 B", "├── 1.zip  /archive/zip  3 B", "│   └── x  /text  1 B",
                          "└── 2.zip  (shown above)", "again.tar  (shown above)"}));
}

TEST(Tree, shows_a_file_under_the_names_that_the_submission_gave_it) {
  BusStage stage;
  stage.inject("a", "/text", "x");
  stage.close();
  stage.inject("b", "/text", "x");
  stage.inject("c", "/text", "x");
  auto lines = drawn(stage.run("tree", {}));
  lines.pop_back();
  EXPECT_EQ(lines, (Lines{"b  /text  1 B", "c  (shown above)"}));
}

TEST(Tree, keeps_the_order_of_the_archive) {
  BusStage stage;
  auto archive = stage.inject("a.tar", "/archive/tar", "tar");
  stage.extract(archive, "second", "/text", "2", false, 2);
  stage.extract(archive, "first", "/text", "1", false, 1);
  EXPECT_EQ(drawn(stage.run("tree", {})).at(1), "├── first  /text  1 B");
}

TEST(Tree, of_an_archive_that_contains_itself_ends) {
  BusStage stage;
  auto quine = stage.inject("r.zip", "/archive/zip", "quine");
  stage.extract(quine, "r/r.zip", "/archive/zip", "quine");
  EXPECT_EQ(drawn(stage.run("tree", {})).at(1), "└── r/r.zip  (shown above)");
}

TEST(Tree, leaves_out_what_lies_very_deep_and_says_so) {
  BusStage stage;
  auto chain = [&](Descriptor container, const std::string& name) {
    for (int i = 1; i <= 40; i++) {
      container = stage.extract(container, name, "/archive/tar", name + std::to_string(i));
    }
    return container;
  };
  chain(stage.inject("b", "/archive/tar", "b"), "b");
  stage.close();
  auto deepest = chain(stage.inject("a", "/archive/tar", "a"), "a");
  stage.extract(deepest, "b", "/archive/tar", "b");  // and below it what is known to be in it
  auto lines = drawn(stage.run("tree", {}));
  ASSERT_EQ(lines.size(), 1 + 64 + 1 + 1u);
  EXPECT_NE(lines[65].find("!! more levels below: tree /archive/tar/%"), std::string::npos);
}

TEST(Tree, draws_what_a_selector_or_a_name_stands_for) {
  BusStage stage;
  auto archive = stage.inject("a.tar", "/archive/tar", "tar");
  auto inner = stage.extract(archive, "dir/b.zip", "/archive/zip", "zip");
  stage.extract(inner, "x", "/text", "x");
  const Lines expected{"a.tar:dir/b.zip  /archive/zip  3 B", "└── x  /text  1 B"};
  EXPECT_EQ(stage.run("tree", {.arguments = {inner.selector.str()}}).lines(), expected);
  EXPECT_EQ(stage.run("tree", {.arguments = {"b.zip"}}).lines(), expected);
  EXPECT_EQ(stage.run("tree", {.arguments = {"nowhere"}}).ended.error().code, Code::kNotFound);
  EXPECT_EQ(stage.run("tree", {.arguments = {"99"}}).ended.error().code, Code::kNotFound);
}

TEST(Tree, of_an_empty_bus_says_so) {
  BusStage stage;
  auto printed = stage.run("tree", {});
  EXPECT_EQ(printed.text, "");
  EXPECT_EQ(printed.notes.size(), 1u);
}

TEST(Tree, escapes_names) {
  BusStage stage;
  stage.inject("e\x1b[2J\n├── fake", "/text", "x");
  EXPECT_EQ(drawn(stage.run("tree", {})).at(0), "e\\x1b[2J\\x0a├── fake  /text  1 B");
}

TEST(Tree, gives_json_one_object_per_name) {
  BusStage stage;
  auto archive = stage.inject("a.tar", "/archive/tar", "tar");
  stage.extract(archive, "bad", "/binary/elf", "bad");
  stage.extract(archive, "again", "/binary/elf", "bad");
  stage.close();
  stage.consume(kPicky);
  auto lines = stage.run("tree", {.format = "json"}).lines();
  ASSERT_EQ(lines.size(), 4u);
  std::vector<nlohmann::json> json;
  for (const auto& line : lines) json.push_back(nlohmann::json::parse(line));
  EXPECT_EQ(json[0]["level"], 0);
  EXPECT_EQ(json[0]["handled_by"], nlohmann::json::array());
  EXPECT_EQ(json[1]["parent"], archive.selector.str());
  EXPECT_EQ(json[1]["failures"][0]["agent"], "picky");
  EXPECT_EQ(json[1]["failures"][0]["message"], "truncated\\x1b[2J");
  EXPECT_EQ(json[1]["failures"][0]["outcome"], "failed");
  EXPECT_EQ(json[2]["name"], "again");
  EXPECT_EQ(json[2]["shown_above"], true);
  EXPECT_EQ(json[3]["submission"], 1);
  EXPECT_EQ(json[3]["complete"], true);
  EXPECT_EQ(json[3]["failures"], 1);
}

}  // namespace
}  // namespace rebus::tree_test
