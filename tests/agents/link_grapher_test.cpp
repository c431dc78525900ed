// link_grapher: what it draws, and that it can be read.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "agents/support/link_drawing.h"
#include "agents/support/link_graph.h"
#include "tests/support/bus_stage.h"

namespace rebus::link_grapher_test {
namespace {

Uuid uuid(uint8_t number) {
  Uuid out;
  out.bytes[15] = number;
  return out;
}

Link link(uint8_t from, uint8_t to, const std::string& type = "t", bool is_directed = false) {
  return {uuid(from), uuid(to), type, is_directed};
}

LinkGraph graph_of(const std::vector<Link>& links) {
  LinkGraph graph;
  for (const Link& each : links) graph.add(each);
  return graph;
}

TEST(LinkGraph, takes_both_halves_of_a_pair_for_one_link) {
  EXPECT_EQ(graph_of({link(1, 2), link(2, 1)}).links().size(), 1u);
  EXPECT_EQ(graph_of({link(1, 2, "t", true), link(2, 1, "t", true)}).links().size(), 2u);
  EXPECT_EQ(graph_of({link(1, 2, "t"), link(1, 2, "u")}).links().size(), 2u);
  EXPECT_EQ(graph_of({link(1, 1)}).links().size(), 0u);
}

TEST(LinkGraph, puts_many_files_with_the_same_links_into_one_box) {
  LinkGraph star;
  for (uint8_t i = 2; i <= 3 + LinkGraph::kFew; i++) star.add(link(1, i));
  auto boxed = star.boxed(100);
  ASSERT_EQ(boxed.boxes.size(), 2u);
  EXPECT_EQ(boxed.boxes[0].size(), 1u);
  EXPECT_EQ(boxed.boxes[1].size(), LinkGraph::kFew + 2);
  ASSERT_EQ(boxed.lines.size(), 1u);
  star.add(link(1, 2, "another"));
  EXPECT_EQ(star.boxed(100).boxes.size(), 3u) << "2 is linked otherwise now";
}

TEST(LinkGraph, shows_few_files_one_by_one) {
  auto boxed = graph_of({link(1, 2), link(1, 3), link(1, 4)}).boxed(100);
  EXPECT_EQ(boxed.boxes.size(), 4u);
  EXPECT_EQ(boxed.lines.size(), 3u);
}

TEST(LinkGraph, keeps_the_boxes_of_most_files_and_counts_the_rest) {
  LinkGraph graph;
  for (uint8_t i = 0; i < 100; i++)
    graph.add(link(static_cast<uint8_t>(2 * i), static_cast<uint8_t>(2 * i + 1)));
  for (uint8_t i = 202; i < 210; i++) graph.add(link(201, i));
  auto boxed = graph.boxed(10);
  EXPECT_EQ(boxed.boxes.size(), 10u);
  EXPECT_EQ(boxed.boxes.back().size(), 8u) << "the group of 8 is among them";
  EXPECT_EQ(boxed.left_out, 209u - 8 - 9);
  for (const auto& line : boxed.lines) EXPECT_LT(std::max(line.from, line.to), boxed.boxes.size());
}

TEST(LinkGraph, is_boxed_in_the_same_way_in_whatever_order_links_come) {
  std::vector<Link> links;
  std::mt19937 random(7);
  for (int i = 0; i < 200; i++) {
    links.push_back(link(static_cast<uint8_t>(random() % 60), static_cast<uint8_t>(random() % 60),
                         std::to_string(random() % 3), random() % 2 == 0));
  }
  auto first = graph_of(links).boxed(20);
  std::ranges::shuffle(links, random);
  auto second = graph_of(links).boxed(20);
  EXPECT_EQ(first.boxes, second.boxes);
  EXPECT_EQ(first.lines.size(), second.lines.size());
}

TEST(DotText, lets_no_label_out_of_its_quotes) {
  EXPECT_EQ(dot_text({"a\"];evil[label=\"b"}), R"("a\"];evil[label=\"b")");
  EXPECT_EQ(dot_text({"\\N \\"}), R"("\\\\N \\\\")") << "escaped as a name, then for DOT";
  EXPECT_EQ(dot_text({"&lt;b&gt;"}), R"("&amp;lt;b&amp;gt;")");
  EXPECT_EQ(dot_text({"x\ny\x1b"}), R"("x\\x0ay\\x1b")");
  EXPECT_EQ(dot_text({"one", "two"}), R"("one\ntwo")");
}

TEST(DotText, keeps_begin_and_end_of_what_is_long) {
  std::string text = dot_text({"begin" + std::string(100, 'x') + "é€end"});
  EXPECT_TRUE(text.starts_with("\"begin")) << text;
  EXPECT_TRUE(text.ends_with("é€end\"")) << text;
  EXPECT_NE(text.find("…"), std::string::npos);
}

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) count++;
  return count;
}

class LinkGrapher : public testing::Test {
 protected:
  void link_files(const std::vector<std::string>& names, const std::string& path = "/md5_hash") {
    for (const auto& name : names) stage.result(stage.inject(name, "/data", name), path, "same");
    stage.close();
    stage.consume(*find_agent("link_finder"));
  }
  Printed graph(std::vector<std::string> arguments = {"/link"}, std::vector<std::string> limit = {}) {
    Called called{.arguments = std::move(arguments)};
    if (!limit.empty()) called.options["limit"] = limit;
    return stage.run("link_grapher", called);
  }
  std::string dot() {
    return stage.run("return", {.arguments = {"/graph/dot"}, .options = {{"raw", {}}}}).text;
  }

  BusStage stage;
};

TEST_F(LinkGrapher, draws_names_types_and_a_title) {
  link_files({"one", "two", "t\"hree"});
  EXPECT_TRUE(graph().ended.ok());
  std::string text = dot();
  EXPECT_TRUE(text.starts_with("digraph")) << text;
  EXPECT_NE(text.find("2 links between 3 files"), std::string::npos);
  for (const char* part : {"\"one\\n/data\"", "\"two\\n/data\"", "t\\\"hree", "md5_hash (2)"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  }
  EXPECT_EQ(count_of(text, " -> "), 2u);
  EXPECT_EQ(count_of(text, "dir=none"), 2u);
}

TEST_F(LinkGrapher, gives_its_graph_no_name_of_a_file) {
  link_files({"one", "two"});
  graph();
  auto lines =
      stage.run("return", {.arguments = {"/graph/dot/linkgraph"}, .options = {{"short", {}}}}).lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(lines[0].starts_with("linkgraph = digraph"));
}

TEST_F(LinkGrapher, takes_only_links_that_the_regexes_match_from_the_start) {
  link_files({"one", "two"}, "/md5_hash");
  link_files({"three", "four"}, "/sha1");
  graph({"/link/link_finder/md5", "/data"});
  EXPECT_NE(dot().find("1 link between 2 files"), std::string::npos) << dot();
  auto nothing = graph({"link_finder"});
  EXPECT_EQ(nothing.notes.size(), 1u);
  EXPECT_EQ(count_of(dot(), "digraph"), 1u) << "no further graph";
}

TEST_F(LinkGrapher, shows_the_direction_of_links_that_have_one) {
  auto archive = stage.inject("a.tgz", "/archive/tar", "tar");
  auto bash = stage.extract(archive, "bash", "/binary/elf", "elf");
  auto bus = stage.client();
  auto [down, up] = make_links(archive, bash, "test", {"unarchived", "", false});
  ASSERT_TRUE(bus->push({down, std::nullopt, 0}).ok());
  ASSERT_TRUE(bus->push({up, std::nullopt, 0}).ok());
  ASSERT_TRUE(bus->flush().ok());
  graph();
  std::string text = dot();
  EXPECT_EQ(count_of(text, " -> "), 1u);
  EXPECT_EQ(count_of(text, "dir=none"), 0u);
  bool archive_first = archive.uuid < bash.uuid;
  EXPECT_NE(text.find(archive_first ? "n0 -> n1" : "n1 -> n0"), std::string::npos) << "out of the archive";
}

TEST_F(LinkGrapher, says_in_the_picture_what_is_left_out) {
  link_files({"one", "two", "three", "four"});
  graph({"/link"}, {"2"});
  EXPECT_NE(dot().find("--limit was reached"), std::string::npos);
  EXPECT_EQ(count_of(dot(), " -> "), 1u);
}

TEST_F(LinkGrapher, ignores_what_only_claims_to_be_a_link) {
  link_files({"one", "two"});
  auto file = stage.inject("evil", "/data", "evil");
  for (const char* value : {"", "{", "[]", "{\"otherUUID\":1}", "{\"otherUUID\":\"x\"}"}) {
    stage.result(file, "/link/evil/kind", value);
  }
  stage.result(file, "/link/evil/kind", std::string(100'000, ' '));
  auto printed = graph();
  ASSERT_EQ(printed.notes.size(), 1u);
  EXPECT_NE(printed.notes[0].find("6 links cannot be read"), std::string::npos) << printed.notes[0];
  EXPECT_NE(dot().find("1 link between 2 files"), std::string::npos);
}

TEST_F(LinkGrapher, draws_the_same_graph_once) {
  link_files({"one", "two"});
  graph();
  graph();
  EXPECT_EQ(count_of(dot(), "digraph"), 1u);
}

TEST(LinkGrapherArguments, are_checked) {
  EXPECT_FALSE(declared("link_grapher", {.arguments = {"("}}).ok());
  EXPECT_FALSE(declared("link_grapher", {.arguments = {"/link"}, .options = {{"limit", {"x"}}}}).ok());
  EXPECT_TRUE(declared("link_grapher", {.arguments = {"/link", "/x"}}).ok());
}

}  // namespace
}  // namespace rebus::link_grapher_test
