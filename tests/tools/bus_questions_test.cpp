// Agents that ask, wait, watch and draw, as processes of their own around a master.
#include <gtest/gtest.h>

#include <csignal>
#include <memory>

#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus::bus_questions_test {
namespace {

using Words = std::vector<std::string>;

class BusQuestions : public testing::Test {
 protected:
  BusQuestions()
      : address_("ipc://" + folder_.at("bus")),
        master_(Words{"rebus_master", "--busaddr", address_, "--storage", "ram"}, folder_.path()) {
    EXPECT_TRUE(eventually([&] { return master_.err().find("listening") != std::string::npos; }));
  }

  Words agent(Words words) const {
    words.insert(words.begin(), {"rebus_agent", "--busaddr", address_});
    return words;
  }
  std::unique_ptr<Process> start(Words words) const {
    return std::make_unique<Process>(agent(std::move(words)), folder_.path());
  }
  Finished ask(Words words) const { return run(agent(std::move(words)), folder_.path()); }
  void inject(const std::string& name) {
    folder_.write(name, "content of " + name + "\n");
    EXPECT_EQ(ask({"inject", name}).exit_code, 0);
  }

  ScratchFolder folder_;
  std::string address_;
  Process master_;
};

TEST_F(BusQuestions, WaitEndsByItselfWhenSomethingComes) {
  auto waiting = start({"wait", "/text"});
  inject("late");
  auto done = waiting->wait();
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_TRUE(done.out.starts_with("/text/ascii/%")) << done.out;
  EXPECT_TRUE(done.out.ends_with("\n    content of late\n")) << done.out;
  EXPECT_EQ(done.err, "");
}

TEST_F(BusQuestions, WaitTakesWhatIsStoredAlreadyAndOnlyTheFirst) {
  inject("first");
  inject("second");
  EXPECT_TRUE(ask({"wait", "/text"}).out.ends_with("content of first\n"));
}

TEST_F(BusQuestions, WaitIsToldUntilIdleThatNothingComes) {
  inject("file");
  EXPECT_EQ(ask({"--until-idle", "wait", "/nothing"}).exit_code, 3);
}

TEST_F(BusQuestions, MonitorBeginsWithWhatComesAfterIt) {
  inject("before");
  auto monitor = start({"-o", "json", "monitor"});
  int count = 0;
  EXPECT_TRUE(eventually([&] {
    inject("after" + std::to_string(count++));
    return monitor->line_count() > 0;
  }));
  monitor->signal(SIGINT);
  auto done = monitor->wait();
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_NE(done.out.find("after"), std::string::npos);
  EXPECT_EQ(done.out.find("before"), std::string::npos) << done.out;
}

TEST_F(BusQuestions, AreAnsweredOverTheBusAsInOneProcess) {
  auto stats = start({"file_id"});
  inject("one");
  inject("two");
  EXPECT_TRUE(eventually([&] { return ask({"processed_stats"}).out == "file_id: 2/2\n"; }));
  EXPECT_EQ(ask({"ls_uuid"}).sorted_lines().size(), 2u);
  EXPECT_EQ(ask({"search", "/text", ".*of one"}).sorted_lines().size(), 1u);
  auto written = ask({"--until-idle", "write", "--flat", "--target-dir", "out", "/text"});
  EXPECT_EQ(written.sorted_lines(), (Words{"out/one", "out/two"}));
  EXPECT_EQ(file_bytes(folder_.at("out/two")), "content of two\n");
}

TEST_F(BusQuestions, LsPendingTellsWhoHasWhat) {
  auto hasher = start({"hasher", "--selector-prefix", "/text"});
  inject("first");
  EXPECT_TRUE(eventually([&] { return ask({"processed_stats"}).out.ends_with(": 1/1\n"); }));
  EXPECT_EQ(ask({"ls_pending"}).out, "");
  hasher->signal(SIGSTOP);
  inject("second");
  inject("th\x1brd");
  auto has_both = [&] { return ask({"ls_pending", "hasher"}).sorted_lines().size() == 2; };
  ASSERT_TRUE(eventually(has_both));
  std::string left = ask({"ls_pending"}).out;
  EXPECT_TRUE(left.starts_with("hasher handed_out /text/ascii/%")) << left;
  EXPECT_NE(left.find(" second on "), left.npos) << left;
  EXPECT_NE(left.find(" th\\x1brd"), left.npos) << left;
  EXPECT_EQ(ask({"ls_pending", "--limit", "1"}).sorted_lines().size(), 1u);
  EXPECT_EQ(ask({"ls_pending", "unarchive"}).out, "");
  EXPECT_EQ(ask({"-d", "other", "ls_pending"}).out, "");
  std::string json = ask({"-o", "json", "ls_pending"}).out;
  EXPECT_NE(json.find("\"pending_agent\":\"hasher\""), json.npos) << json;
  EXPECT_NE(json.find("\"state\":\"handed_out\""), json.npos) << json;
  hasher->signal(SIGCONT);
  EXPECT_TRUE(eventually([&] { return ask({"ls_pending"}).out.empty(); }));
}

TEST_F(BusQuestions, LinksAreFoundByTwoProcessesAndDrawnByAThird) {
  auto file_id = start({"file_id"}), finder = start({"link_finder"}), other = start({"link_finder"});
  for (const char* name : {"one", "two", "three"}) inject(name);
  EXPECT_TRUE(eventually([&] { return ask({"ls", "/link"}).sorted_lines().size() == 4; }));
  auto drawn =
      ask({"--until-idle", "link_grapher", "/link", "--", "dotrenderer", "return", "/graph/svg", "--raw"});
  EXPECT_EQ(drawn.exit_code, 0) << drawn.err;
  EXPECT_NE(drawn.out.find("2 links between 3 files"), std::string::npos) << drawn.out;
}

}  // namespace
}  // namespace rebus::bus_questions_test
