// dotrenderer: pictures by Graphviz.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/support/run_once.h"
#include "tests/support/scratch_folder.h"

namespace rebus::dotrenderer_test {
namespace {

const AgentSpec& dotrenderer() { return *find_agent("dotrenderer"); }

RunOnce render(const std::string& dot, const std::string& path = "/graph/dot/linkgraph") {
  return run_once(dotrenderer(), object_of(path, "g", dot));
}

TEST(DotRenderer, gives_an_svg_under_the_same_last_path) {
  auto run = render("digraph g { a -> b [label=\"kind\"] }");
  ASSERT_FALSE(run.error) << run.error->message;
  std::string svg = run.text("/graph/svg/linkgraph");
  EXPECT_NE(svg.find("<svg"), std::string::npos);
  EXPECT_NE(svg.find(">kind</text>"), std::string::npos);
  EXPECT_NE(render("digraph {}", "/graph/dot/a/b").text("/graph/svg/a/b"), "");
  EXPECT_NE(render("digraph {}", "/graph/dot").text("/graph/svg"), "");
}

TEST(DotRenderer, draws_the_same_picture_again) {
  std::string dot = "digraph { a -> b; b -> c; c -> a; d }";
  EXPECT_EQ(render(dot).text("/graph/svg"), render(dot).text("/graph/svg"));
}

TEST(DotRenderer, fails_with_the_words_of_graphviz_on_what_is_no_graph) {
  auto run = render("no graph \x1b[2J");
  ASSERT_TRUE(run.error.has_value());
  EXPECT_EQ(run.error->code, Code::kFailed);
  EXPECT_NE(run.error->message.find("syntax error"), std::string::npos) << run.error->message;
  EXPECT_EQ(run.error->message.find('\x1b'), std::string::npos);
}

TEST(DotRenderer, gives_no_picture_that_is_none) {
  for (const char* dot : {"", "graph{a}graph{b}", "graph { a [label=\"\x1b[2J\"] }"}) {
    auto run = render(dot);
    EXPECT_TRUE(run.error.has_value()) << dot;
    EXPECT_TRUE(run.pushed.empty()) << dot;
  }
}

TEST(DotRenderer, loads_no_file_that_a_graph_names) {
  ScratchFolder folder;
  folder.run("echo 'digraph { a }' | neato -Tpng > image.png");
  auto run = render("digraph { n [image=\"" + folder.at("image.png") + "\", label=\"\"] }");
  ASSERT_FALSE(run.error) << run.error->message;
  EXPECT_EQ(run.text("/graph/svg").find("image.png"), std::string::npos);
}

TEST(DotRenderer, refuses_a_graph_of_more_than_4_MiB) {
  auto run = render(std::string((4 << 20) + 1, ' '));
  ASSERT_TRUE(run.error.has_value());
  EXPECT_EQ(run.error->code, Code::kLimit);
}

TEST(DotRenderer, says_before_any_work_that_graphviz_is_not_installed) {
  std::string path = std::getenv("PATH");
  setenv("PATH", "/nowhere", 1);
  Hello hello;
  auto declared = dotrenderer().declare({}, hello);
  setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(declared.ok());
  EXPECT_NE(declared.error().message.find("apt-get install graphviz"), std::string::npos);
}

}  // namespace
}  // namespace rebus::dotrenderer_test
