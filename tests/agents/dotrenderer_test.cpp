// dotrenderer: pictures by Graphviz, and what the program that draws them may do.
#include <gtest/gtest.h>

#include <cstdlib>

#include "agents/support/child_program.h"
#include "tests/support/process.h"
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
  auto run = run_child({.words = {"neato"}}, "");
  setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(declared.ok());
  EXPECT_NE(declared.error().message.find("apt-get install graphviz"), std::string::npos);
  EXPECT_EQ(run.error().code, Code::kNotFound);
}

// --- ChildProgram ---

ChildProgram script(const std::string& line) { return {.words = {"sh", "-c", line}}; }

TEST(ChildProgram, gets_the_input_and_gives_both_outputs_and_the_exit_code) {
  auto end = run_child(script("cat; echo oops >&2; exit 7"), std::string("in\0put", 6));
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->out, std::string("in\0put", 6));
  EXPECT_EQ(end->err, "oops\n");
  EXPECT_EQ(end->exit_code, 7);
  EXPECT_EQ(run_child(script("kill -9 $$"), "")->exit_code, 137);
}

TEST(ChildProgram, takes_more_than_a_pipe_holds_in_both_directions) {
  std::string large(3 << 20, 'x');
  auto end = run_child(script("cat; yes | head -c 1000000 >&2"), large);
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->out, large);
  EXPECT_EQ(end->err.size(), 4096u);
}

TEST(ChildProgram, has_no_environment_but_PATH_HOME_and_what_it_is_given) {
  setenv("REBUS_SECRET", "s", 1);
  auto end = run_child({.words = {"env"}, .variables = {"EXTRA=1"}}, "");
  unsetenv("REBUS_SECRET");
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->out, "EXTRA=1\nPATH=" + std::string(std::getenv("PATH")) +
                          "\nHOME=" + (std::getenv("HOME") ? std::getenv("HOME") : "/") + "\n");
}

TEST(ChildProgram, has_no_open_file_but_the_three) {
  FILE* open = std::fopen("/etc/passwd", "r");  // not close-on-exec
  auto end = run_child({.words = {"ls", "/proc/self/fd"}}, "");
  std::fclose(open);
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->out, "0\n1\n2\n3\n") << "3 is the folder that ls reads";
}

TEST(ChildProgram, is_killed_when_its_time_is_over) {
  auto program = script("sleep 1000 & sleep 1000");
  program.time = std::chrono::milliseconds(50);
  auto end = run_child(program, "");
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().code, Code::kLimit);
  program = script("exec >&- 2>&-; sleep 1000");  // closed its outputs, and stays
  program.time = std::chrono::milliseconds(50);
  EXPECT_EQ(run_child(program, "").error().code, Code::kLimit);
}

TEST(ChildProgram, is_killed_when_it_gives_too_much) {
  ChildProgram program{.words = {"yes"}};
  program.most_output = 100'000;
  auto end = run_child(program, "");
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().code, Code::kLimit);
  EXPECT_NE(end.error().message.find("100000 bytes"), std::string::npos);
}

TEST(ChildProgram, is_killed_with_all_that_it_started) {
  ScratchFolder folder;
  auto program = script("sleep 1000 & echo $! > " + folder.at("pid") + "; exec yes");
  program.most_output = 100'000;
  EXPECT_FALSE(run_child(program, "").ok());
  std::string number = file_bytes(folder.at("pid"));
  std::string process = "/proc/" + number.substr(0, number.size() - 1) + "/cmdline";
  auto is_gone = [&] { return run_child({.words = {"cat", process}}, "")->out.empty(); };
  EXPECT_TRUE(eventually(is_gone)) << "a dead process has no command line";
}

TEST(ChildProgram, does_not_read_words_as_a_shell_would) {
  auto end = run_child({.words = {"echo", "$(id)", ";", "*"}}, "");
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->out, "$(id) ; *\n");
}

}  // namespace
}  // namespace rebus::dotrenderer_test
