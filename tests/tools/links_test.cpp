// The second chain of the papers by the real program: links between files, as a picture.
#include <gtest/gtest.h>

#include <csignal>

#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus::links_test {
namespace {

class Links : public testing::Test {
 protected:
  Links() {
    folder.write("in/one.txt", "one\n");
    folder.write("in/two.txt", "two\n");
    folder.write("in/t<h>ree & \"more\".txt", "three\n");
    folder.write("in/unlike.bin", std::string("\x7f\x01\x02\xff", 4));
  }
  Finished chain(const std::string& words, const std::string& environment = "") {
    return shell(environment + " rebus_agent " + words, folder.path());
  }

  ScratchFolder folder;
};

constexpr const char* kChain =
    "inject in/* -- file_id link_finder -- :: link_grapher '/link/link_finder/file_id' -- dotrenderer return "
    "'/graph/svg' --raw";

TEST_F(Links, are_drawn_by_the_chain_of_the_papers) {
  auto done = chain(kChain);
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(done.err, "");
  folder.write("links.svg", done.out);
  folder.run("/usr/bin/python3 -c 'import xml.dom.minidom; xml.dom.minidom.parse(\"links.svg\")'");
  for (const char* part :
       {">one.txt</text>", ">two.txt</text>", ">t&lt;h&gt;ree &amp; &quot;more&quot;.txt</text>",
        ">file_id</text>", ">2 links between 3 files</text>"}) {
    EXPECT_NE(done.out.find(part), std::string::npos) << part << "\n" << done.out;
  }
  EXPECT_EQ(done.out.find("unlike.bin"), std::string::npos) << "it is linked to nothing";
}

// Their own words, over Windows programs of which some import the same.
TEST_F(Links, of_imphashes_are_drawn_by_the_chain_as_it_stands_in_the_papers) {
  folder.run("mkdir pe && cp /usr/share/nsis/Stubs/*-x86-* /usr/share/nsis/Plugins/x86-unicode/*.dll pe");
  auto done = shell(
      "cd pe && rebus_agent -m bnew.agents inject * -- file_identification link_finder -- :: "
      "link_grapher '/link/link_finder/signature-imphash' -- dotrenderer return '/graph/svg' --raw > "
      "../links.svg",
      folder.path());
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(done.err, "");
  folder.run("/usr/bin/python3 -c 'import xml.dom.minidom; xml.dom.minidom.parse(\"links.svg\")'");
  std::string svg = file_bytes(folder.at("links.svg"));
  for (const char* part : {">signature&#45;imphash</text>", ">zlib&#45;x86&#45;ansi</text>"})
    EXPECT_NE(svg.find(part), std::string::npos) << part << "\n" << svg;
}

TEST_F(Links, are_the_same_after_a_second_run_over_a_store) {
  std::string store = "--storage rocksdb --path store ";
  auto first = chain(store + kChain);
  auto links = chain(store + "ls /link").sorted_lines();
  EXPECT_EQ(links.size(), 4u);
  auto second = chain(store + kChain);
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_EQ(second.out, first.out);
  EXPECT_EQ(chain(store + "ls /link").sorted_lines(), links);
}

TEST_F(Links, are_the_same_after_kills_of_several_instances) {
  for (int i = 0; i < 300; i++) folder.write("many/" + std::to_string(i), "text " + std::to_string(i) + "\n");
  const std::string job =
      "exec rebus_agent --storage rocksdb --path store --jobs 3 file_id link_finder "
      "inject -r many -- return ^/link";
  for (int seen : {100, 200, 300}) {
    Process running({"sh", "-c", job}, folder.path());
    EXPECT_TRUE(eventually([&] { return running.line_count() >= 5 * seen; })) << "5 lines each, and more";
    running.signal(SIGKILL);
    running.wait();
  }
  EXPECT_EQ(shell(job, folder.path()).exit_code, 0);
  EXPECT_EQ(chain("--storage rocksdb --path store ls /link/link_finder/file_id").sorted_lines().size(),
            2u * 299);
}

TEST_F(Links, need_a_stage_of_their_own_and_say_so) {
  auto done = chain("inject in/one.txt -- file_id link_finder :: link_grapher /link -- return /graph");
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_NE(done.err.find("`::`"), std::string::npos) << done.err;
  done = chain("link_grapher /link");
  EXPECT_EQ(done.exit_code, 2) << "nothing is injected";
}

TEST_F(Links, need_graphviz_and_say_so_before_any_work) {
  auto done = chain(kChain, "PATH=$(dirname $(command -v rebus_agent))");
  EXPECT_EQ(done.exit_code, 75);
  EXPECT_EQ(done.out, "");
  EXPECT_NE(done.err.find("install Graphviz"), std::string::npos) << done.err;
}

}  // namespace
}  // namespace rebus::links_test
