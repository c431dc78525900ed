// grep: which lines it finds, and under which names it prints them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agents/support/line_reader.h"
#include "tests/support/bus_stage.h"

namespace rebus::grep_test {
namespace {

using Lines = std::vector<std::string>;

Lines lines_of(std::string_view text, size_t piece) {
  Lines lines;
  LineReader reader([&](std::string_view line, bool is_cut) -> Result<void> {
    lines.push_back(std::string(line) + (is_cut ? "…" : ""));
    return {};
  });
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
    EXPECT_TRUE(reader.feed(as_bytes(text.substr(0, piece))).ok());
  }
  EXPECT_TRUE(reader.finish().ok());
  return lines;
}

TEST(LineReader, gives_each_line_whatever_the_pieces) {
  for (size_t piece : {1, 2, 3, 100}) {
    EXPECT_EQ(lines_of("", piece), Lines{});
    EXPECT_EQ(lines_of("one\n\nthree", piece), (Lines{"one", "", "three"}));
    EXPECT_EQ(lines_of("one\n\n", piece), (Lines{"one", ""}));
  }
}

TEST(LineReader, holds_only_the_begin_of_a_long_line) {
  std::string text = std::string(kMaxLine, 'x') + "\n" + std::string(kMaxLine + 1, 'y') + "\nz";
  for (size_t piece : {1000, 1 << 20}) {
    EXPECT_EQ(lines_of(text, piece),
              (Lines{std::string(kMaxLine, 'x'), std::string(kMaxLine, 'y') + "…", "z"}));
  }
}

TEST(Grep, prints_label_and_line_for_each_line_found) {
  BusStage stage;
  auto archive = stage.inject("apt1.tgz", "/archive/tar", "tar");
  auto file = stage.extract(archive, "x.exe", "/binary/pe", "pe");
  stage.result(file, "/strings", "http://a.example/\nnothing\nsee https://b.example/\n");
  stage.result(file, "/notes", "http://not.asked/\n");
  EXPECT_EQ(stage.run("grep", {.arguments = {"https?://"}}).text,
            "apt1.tgz:x.exe = http://a.example/\napt1.tgz:x.exe = see https://b.example/\n");
}

TEST(Grep, prints_each_name_whatever_came_first) {
  for (bool name_first : {true, false}) {
    BusStage stage;
    auto file = stage.inject("a", "/binary/pe", "pe");
    if (name_first) stage.inject("b", "/binary/pe", "pe");
    stage.result(file, "/strings", "password\n");
    if (!name_first) stage.inject("b", "/binary/pe", "pe");
    EXPECT_EQ(stage.run("grep", {.arguments = {"pass"}}).text, "a = password\nb = password\n") << name_first;
  }
}

TEST(Grep, escapes_names_and_lines_and_reads_lines_larger_than_a_chunk) {
  BusStage stage;
  auto file = stage.inject("n\n", "/binary/pe", "pe");
  stage.result(file, "/strings", "key\t\x1b[0m\n" + std::string(3 << 20, 'k') + "\n");
  EXPECT_EQ(stage.run("grep", {.arguments = {"^k"}}).text,
            "n\\x0a = key\\x09\\x1b[0m\nn\\x0a = " + std::string(kMaxLine, 'k') + "…\n");
}

TEST(Grep, gives_json_one_object_per_line_found) {
  BusStage stage;
  auto file = stage.inject("a", "/binary/pe", "pe");
  stage.inject("b", "/binary/pe", "pe");
  stage.result(file, "/strings", "one\ntwo \"quoted\"\n");
  auto lines = stage.run("grep", {.arguments = {"two"}, .format = "json"}).lines();
  ASSERT_EQ(lines.size(), 1u);
  auto json = nlohmann::json::parse(lines[0]);
  EXPECT_EQ(json["line"], "two \"quoted\"");
  EXPECT_EQ(json["names"], nlohmann::json({"a", "b"}));
}

TEST(Grep, refuses_a_bad_pattern) {
  EXPECT_EQ(declared("grep", {.arguments = {"["}}).error().code, Code::kInvalid);
}

}  // namespace
}  // namespace rebus::grep_test
