// rebus_admin as a program, on a master and on a store.
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <nlohmann/json.hpp>

#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus::rebus_admin_test {
namespace {

using Words = std::vector<std::string>;
using Json = nlohmann::json;

class RebusAdmin : public testing::Test {
 protected:
  RebusAdmin() : address_("ipc://" + folder_.at("bus")) { start_master(); }
  void start_master() {
    master_ = std::make_unique<Process>(
        Words{"rebus_master", "--busaddr", address_, "--storage", "rocksdb", "--path", "store"},
        folder_.path());
    EXPECT_TRUE(eventually([&] { return master_->err().find("listening") != std::string::npos; }));
  }
  void stop_master() {
    master_->signal(SIGTERM);
    master_->wait();
  }
  Words on_bus(const std::string& program, Words words) const {
    words.insert(words.begin(), {program, "--busaddr", address_});
    return words;
  }
  Finished admin(Words words) const { return run(on_bus("rebus_admin", std::move(words)), folder_.path()); }
  Finished agent(Words words) const { return run(on_bus("rebus_agent", std::move(words)), folder_.path()); }
  std::unique_ptr<Process> start(Words words) const {
    auto process = std::make_unique<Process>(on_bus("rebus_agent", words), folder_.path());
    EXPECT_TRUE(eventually([&] { return consumer(words.front()).value("instances", 0) == 1; }));
    return process;
  }
  Json status() const { return Json::parse(admin({"-o", "json", "status"}).out); }
  Json consumer(const std::string& name) const {
    Json all = status();
    for (const Json& one : all["consumers"]) {
      if (one["agent"] == name) return one;
    }
    return Json::object();
  }
  std::string file(const std::string& name) {
    folder_.write(name, "content of " + name + "\n");
    return name;
  }

  ScratchFolder folder_;
  std::string address_;
  std::unique_ptr<Process> master_;
};

TEST_F(RebusAdmin, StatusHasEveryFigureUnderItsName) {
  auto consumer_process = start({"file_id"});
  ASSERT_EQ(agent({"inject", "--wait", file("a"), file("b")}).exit_code, 0);
  Json all = status();
  EXPECT_EQ(all["descriptors"], 5);
  EXPECT_EQ(all["idle"], 1);
  EXPECT_EQ(all["producers"], 0);
  EXPECT_EQ(all["bus"].get<std::string>().size(), 32u);
  Json one = consumer("file_id");
  EXPECT_EQ(one["handled"], 2);
  EXPECT_EQ(one["done"], 2);
  for (const char* name : {"failed", "quarantined", "at_work", "delayed", "filtered", "paused", "pending",
                           "pending_urgent", "pending_normal", "pending_bulk"}) {
    EXPECT_EQ(one[name], 0) << name;
  }
  std::string text = admin({"status"}).out;
  EXPECT_NE(text.find("5 descriptors, 0 injecting, idle"), std::string::npos) << text;
  EXPECT_NE(text.find("file_id"), std::string::npos);
}

TEST_F(RebusAdmin, PauseIsNamedByWhoWaitsAndResumeEndsIt) {
  auto consumer_process = start({"file_id"});
  EXPECT_EQ(admin({"pause", "file_id"}).out, "file_id is paused (1 consumer)\n");
  Process waiting(on_bus("rebus_agent", {"inject", "--wait", file("a")}), folder_.path());
  EXPECT_TRUE(eventually(
      [&] { return waiting.err().find("waiting for file_id, which is paused") != std::string::npos; }));
  EXPECT_NE(admin({"status"}).out.find("paused"), std::string::npos);
  EXPECT_EQ(consumer("file_id")["pending_normal"], 1);
  EXPECT_EQ(admin({"resume", "file_id"}).exit_code, 0);
  EXPECT_EQ(waiting.wait().exit_code, 0);
}

TEST_F(RebusAdmin, PauseIsNamedOnceByAChainThatEndsWhenAllIsDone) {
  auto consumer_process = start({"file_id"});
  admin({"pause", "file_id"});
  ASSERT_EQ(agent({"inject", file("a")}).exit_code, 0);
  Process waiting(on_bus("rebus_agent", {"--until-idle", "return", "file_id", "return", "md5"}),
                  folder_.path());
  const std::string told = "waiting for file_id, which is paused";
  EXPECT_TRUE(eventually([&] { return waiting.err().find(told) != std::string::npos; })) << waiting.err();
  EXPECT_EQ(admin({"resume", "file_id"}).exit_code, 0);
  auto done = waiting.wait();
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(done.err.find(told), done.err.rfind(told)) << done.err;
}

TEST_F(RebusAdmin, AMasterThatDoesNotAnswerYetIsAwaitedAndThatIsSaid) {
  stop_master();
  Process waiting(on_bus("rebus_admin", {"status"}), folder_.path());
  EXPECT_TRUE(eventually([&] {
    return waiting.err().find("no master answers at " + address_ + " yet: waiting for it, 10 s at most") !=
           std::string::npos;
  })) << waiting.err();
  start_master();
  EXPECT_EQ(waiting.wait().exit_code, 0);
}

TEST_F(RebusAdmin, CancelEndsAWaitWithThree) {
  auto consumer_process = start({"file_id"});
  admin({"pause", "file_id"});
  Process waiting(on_bus("rebus_agent", {"inject", "--wait", file("a")}), folder_.path());
  EXPECT_TRUE(eventually([&] { return waiting.err().find("paused") != std::string::npos; }));
  EXPECT_EQ(admin({"cancel", "1"}).exit_code, 0);
  auto done = waiting.wait();
  EXPECT_EQ(done.exit_code, 3);
  EXPECT_NE(done.err.find("submission 1 was cancelled"), std::string::npos) << done.err;
}

TEST_F(RebusAdmin, PruneDropAndForgetWorkOnABusAndOnAStore) {
  {
    auto consumer_process = start({"file_id"});
    ASSERT_EQ(agent({"inject", "--wait", file("a"), file("b")}).exit_code, 0);
    EXPECT_EQ(agent({"-d", "lab", "inject", "--wait", file("c")}).exit_code, 0);
    EXPECT_EQ(admin({"forget", "file_id"}).exit_code, 3);
    EXPECT_EQ(Json::parse(admin({"-o", "json", "prune", "--older-than", "1h"}).out)["files"], 0);
    EXPECT_EQ(Json::parse(admin({"-o", "json", "prune", "--older-than", "0s", "--values-only"}).out)["files"],
              3);
    auto cat = agent({"cat", "/text"});
    EXPECT_NE(cat.exit_code, 0);
    EXPECT_NE(cat.err.find("pruned"), std::string::npos) << cat.err;
    EXPECT_EQ(Json::parse(admin({"-o", "json", "drop", "lab"}).out)["files"], 1);
    EXPECT_EQ(admin({"drop", "lab"}).out, "there is nothing to remove in domain 'lab'\n");
    consumer_process->signal(SIGTERM);
    consumer_process->wait();
  }
  EXPECT_EQ(admin({"forget", "file_id"}).exit_code, 0);
  EXPECT_EQ(admin({"forget", "file_id"}).exit_code, 1);
  stop_master();
  auto done = run({"rebus_admin", "--path", "store", "prune", "--older-than", "0s"}, folder_.path());
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_NE(done.out.find("removed 2 files and 2 results"), std::string::npos) << done.out;
  start_master();
  EXPECT_EQ(status()["descriptors"], 0);
}

TEST_F(RebusAdmin, WhatWasPrunedHidesNothingElse) {
  ASSERT_EQ(agent({"inject", file("a"), file("b")}).exit_code, 0);
  admin({"prune", "--older-than", "0s", "--values-only"});
  ASSERT_EQ(agent({"inject", file("a"), file("c")}).exit_code, 0);
  for (const Words& words : {Words{"search", "/text", ""}, Words{"cat", "/text"}}) {
    auto done = agent(words);
    EXPECT_EQ(done.exit_code, 3) << words[0];
    EXPECT_TRUE(done.out.starts_with("/text/ascii/%")) << words[0] << ": " << done.out;
    EXPECT_EQ(done.err, words[0] + ": 1 value left out: pruned, the bytes were removed\n");
  }
  admin({"prune", "--older-than", "0s", "--values-only"});
  auto waited = agent({"wait", "/text"});
  EXPECT_EQ(waited.exit_code, 0);
  EXPECT_NE(waited.out.find("(pruned: its bytes were removed)"), std::string::npos) << waited.out;
}

TEST_F(RebusAdmin, WhatIsNotHandledStaysAndIsCounted) {
  auto consumer_process = start({"file_id"});
  admin({"pause", "file_id"});
  ASSERT_EQ(agent({"inject", file("a")}).exit_code, 0);
  auto done = admin({"prune", "--older-than", "0s"});
  EXPECT_EQ(done.exit_code, 3);
  EXPECT_NE(done.out.find("1 file that would go"), std::string::npos) << done.out;
}

TEST_F(RebusAdmin, CheckLooksAtTheBusOrAFile) {
  auto consumer_process = start({"dotrenderer"});
  auto bus = admin({"check"});
  EXPECT_EQ(bus.exit_code, 3);
  EXPECT_NE(bus.out.find("nothing yields what dotrenderer takes: /graph/dot"), std::string::npos) << bus.out;
  EXPECT_NE(bus.out.find("\n1 agent checked\n"), std::string::npos) << bus.out;
  folder_.write("infra.yaml", "agents: {stages: [{agents: [hasher, unarchive, inject: a, return: md5]}]}\n");
  auto file = admin({"check", "infra.yaml"});
  EXPECT_EQ(file.exit_code, 0) << file.out << file.err;
  EXPECT_NE(file.out.find("4 agents checked"), std::string::npos) << file.out;
}

TEST_F(RebusAdmin, RetryHasFailuresTriedAgain) {
  auto unknown = admin({"retry", "hsher"});
  EXPECT_EQ(unknown.exit_code, 1) << unknown.out;
  EXPECT_NE(unknown.err.find("no consumer hsher was ever on this bus"), std::string::npos) << unknown.err;
  auto consumer_process = start({"hasher"});
  EXPECT_TRUE(eventually([&] { return consumer("hasher").contains("id"); }));
  EXPECT_EQ(admin({"retry", "hasher"}).out, "0 tasks of hasher will be tried again\n");
  EXPECT_EQ(admin({"retry", "hasher", "nonsense"}).exit_code, 2);
}

TEST(RebusAdminUsage, MistakesAreToldWithTwo) {
  auto fails = [](Words words, const std::string& what) {
    words.insert(words.begin(), "rebus_admin");
    auto done = run(words);
    EXPECT_EQ(done.exit_code, 2) << what;
    EXPECT_NE(done.err.find(what), std::string::npos) << done.err;
  };
  fails({}, "no command given");
  fails({"prun"}, "did you mean prune?");
  fails({"prune"}, "--older-than");
  fails({"prune", "--older-than", "soon"}, "30d");
  fails({"cancel"}, "cancel needs SUBMISSION");
  fails({"cancel", "x"}, "a submission is a number");
  fails({"status", "more"}, "does not take 'more'");
  fails({"--busaddr", "ipc:///tmp/x", "--path", "x", "status"}, "exclude each other");
  EXPECT_EQ(run({"rebus_admin", "--path", "/nowhere/at/all", "status"}).exit_code, 1);
  for (const char* command :
       {"status", "retry", "cancel", "pause", "resume", "forget", "prune", "drop", "check"}) {
    auto page = run({"rebus_admin", command, "--help"});
    EXPECT_EQ(page.exit_code, 0);
    EXPECT_NE(page.out.find("DESCRIPTION"), std::string::npos);
    EXPECT_NE(run({"rebus_admin", "--help"}).out.find(command), std::string::npos);
  }
}

}  // namespace
}  // namespace rebus::rebus_admin_test
