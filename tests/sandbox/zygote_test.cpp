// What antivirus makes of engines that die, or were taken over; and what stays behind of them: nothing.
#include "agents/support/sandbox/zygote.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "agents/support/clamav_scanner.h"
#include "agents/support/sandbox/sandbox_level.h"
#include "agents/support/scan_verdict.h"
#include "descriptor/escape.h"
#include "tests/support/process.h"
#include "tests/support/virus_signatures.h"

namespace rebus::zygote_test {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

class Engine : public testing::Test {
 protected:
  Engine() {
    fs::create_directory(folder_.at("tmp"));
    fs::permissions(folder_.at("tmp"), fs::perms::all);
    setenv("TMPDIR", folder_.at("tmp").c_str(), 1);
  }
  ~Engine() override {
    unsetenv("TMPDIR");
    setenv("PATH", path_.c_str(), 1);
    set_sandbox_level(SandboxLevel::kRequired);
  }
  // From now on this is what looks for malware.
  void use_rogue(const std::string& how) {
    auto program = fs::read_symlink("/proc/self/exe").replace_filename("rogue_clamav");
    const std::string place = folder_.at(how);  // one each: a program that runs cannot be overwritten
    fs::create_directory(place);
    fs::copy_file(program, place + "/rebus_clamav", fs::copy_options::skip_existing);
    folder_.write(how + "/rogue", how);
    setenv("PATH", (place + ":" + path_).c_str(), 1);
    folder_.write("signatures/" + how + ".ndb", "# another database, so that no engine is shared\n");
  }
  void use_real() const { setenv("PATH", (REBUS_BIN ":" + path_).c_str(), 1); }

  ClamavScanner scanner() const {
    ScanLimits limits;
    limits.seconds = 1;
    return {signatures_, limits, std::chrono::seconds(0)};
  }

  ScratchFolder folder_;
  const std::string signatures_ = make_signatures(folder_);
  const std::string path_ = std::getenv("PATH");
};

TEST_F(Engine, ThatIsNotThereOrCannotWorkIsUnavailable) {
  setenv("PATH", folder_.path().c_str(), 1);
  auto started = scanner().refresh();
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message.find("there is no rebus_clamav"), std::string::npos);
  for (const char* how : {"no-hello", "no-signatures", "wrong-hello", "zygote-leaves"}) {
    use_rogue(how);
    auto refreshed = scanner().refresh();
    ASSERT_FALSE(refreshed) << how;
    EXPECT_EQ(refreshed.error().code, Code::kUnavailable) << how;
    EXPECT_EQ(refreshed.error().message, escape(unescape(refreshed.error().message))) << "it is escaped";
  }
}

TEST_F(Engine, WhoseWorkersDieOrLieFailsOnTheFile) {
  for (const char* how :
       {"dies", "leaves", "garbage", "greedy", "hello-again", "wrong-body", "long-names", "many-names"}) {
    use_rogue(how);
    auto rogue = scanner();
    ASSERT_TRUE(rogue.refresh().ok()) << how;
    for (int i = 0; i < 2; i++) {
      auto answer = rogue.scan(Value::of("x"));
      ASSERT_FALSE(answer) << how;
      EXPECT_EQ(answer.error().code, Code::kFailed) << how << ": " << answer.error().message;
    }
  }
}

TEST_F(Engine, WhoseWorkerDiesGivesTheFileToAnother) {
  use_rogue("dies-once");
  auto rogue = scanner();
  ASSERT_TRUE(rogue.refresh().ok());
  auto answer = rogue.scan(Value::of("x"));
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->names, Names{"Honest-Test"});
}

TEST_F(Engine, ThatTakesTooLongIsEndedAndTheFileIsNotClean) {
  for (const char* how : {"silent", "trickle"}) {
    use_rogue(how);
    auto rogue = scanner();
    ASSERT_TRUE(rogue.refresh().ok());
    auto answer = rogue.scan(Value::of("x"));
    ASSERT_TRUE(answer.ok()) << how << ": " << answer.error().message;
    EXPECT_EQ(verdict_of(*answer).limits, Names{"MaxScanTime"}) << how;
    EXPECT_EQ(verdict_of(*answer).verdict, "partial") << how;
  }
}

TEST_F(Engine, ThatIsGoneIsStartedAnew) {
  set_sandbox_level(SandboxLevel::kNone);  // in the cage it could not
  use_rogue("kills-zygote");
  auto rogue = scanner();
  for (int i = 0; i < 3; i++) {
    ASSERT_TRUE(rogue.refresh().ok());
    auto answer = rogue.scan(Value::of("x"));
    ASSERT_TRUE(answer.ok() || answer.error().code == Code::kUnavailable) << answer.error().message;
  }
}

TEST_F(Engine, ThatIsNotNeededEndsAndComesAgain) {
  use_rogue("rests");
  auto zygote = Zygote::start("rebus_clamav", {signatures_}, std::chrono::seconds(60));
  ASSERT_TRUE(zygote.ok()) << zygote.error().message;
  EXPECT_TRUE(eventually([&] { return (*zygote)->is_gone(); }));
  auto rogue = scanner();
  ASSERT_TRUE(rogue.refresh().ok());
  ASSERT_TRUE(rogue.scan(Value::of("x")).ok()) << "it has a worker: it is needed";
}

TEST_F(Engine, FindsTheSameForAnOrdinaryUser) {
  if (geteuid() != 0) return;  // everything here was tried as one
  use_real();
  fs::permissions(folder_.path(), fs::perms(0755));
  pid_t pid = fork();
  if (pid == 0) {
    bool is_user = setresgid(1234, 1234, 1234) == 0 && setresuid(1234, 1234, 1234) == 0;
    prctl(PR_SET_DUMPABLE, 1);  // as after a start as that user
    auto real = scanner();
    bool is_ready = is_user && real.refresh().ok();
    auto answer = is_ready ? real.scan(Value::of(eicar())) : Error{Code::kUnavailable, ""};
    auto layers = real.source().sandbox;
    bool is_caged = std::count(layers.begin(), layers.end(), "seccomp") == 1;
    _exit(answer && verdict_of(*answer).verdict == "found" && is_caged ? 0 : 1);
  }
  EXPECT_EQ(wait_for_end(pid), 0);
}

TEST_F(Engine, InItsCageCannotEndAnything) {
  use_rogue("kills-zygote");
  auto rogue = scanner();
  ASSERT_TRUE(rogue.refresh().ok());
  auto answer = rogue.scan(Value::of("x"));
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("was ended by its sandbox"), std::string::npos)
      << answer.error().message;
}

TEST_F(Engine, SaysNothingThatWouldHarmWhoReadsIt) {
  use_rogue("escapes");
  auto rogue = scanner();
  ASSERT_TRUE(rogue.refresh().ok());
  EXPECT_EQ(rogue.source().engine, "1.0\\x1b[2J");
  auto answer = rogue.scan(Value::of("x"));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(verdict_of(*answer).limits, Names{"warning"}) << "what the engine complained of is said";
}

// --- what stays behind ---

bool is_gone(pid_t pid) {
  const std::string all = text_of_proc("/proc/" + std::to_string(pid) + "/stat");
  return all.empty() || all.find(") Z ") != std::string::npos;
}

class Remains : public Engine {
 protected:
  Remains() { use_real(); }

  struct Pids {
    pid_t agent = 0, zygote = 0, worker = 0;
  };

  // An agent with an engine and a worker at work.
  Pids start_agent(SandboxLevel level) const {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe(ends.data()), 0);
    Pids pids;
    pids.agent = fork();
    if (pids.agent == 0) {
      set_sandbox_level(level);
      auto zygote = Zygote::start("rebus_clamav", {signatures_, "1000000", "1000000", "10", "10", "60"},
                                  std::chrono::seconds(60));
      auto file = SharedFile::make("test");
      ParserProcess worker(*zygote, std::chrono::seconds(60), file->readable());
      bool is_good = worker.start().ok();
      auto workers = children_of((*zygote)->pid());
      const Pids all{getpid(), (*zygote)->pid(), workers.empty() ? 0 : workers.front()};
      if (is_good && write(ends[1], &all, sizeof(all)) == sizeof(all)) pause();
      _exit(1);
    }
    close(ends[1]);
    EXPECT_EQ(read(ends[0], &pids, sizeof(pids)), static_cast<ssize_t>(sizeof(pids)));
    close(ends[0]);
    EXPECT_FALSE(is_gone(pids.worker));
    return pids;
  }

  static std::vector<pid_t> children_of(pid_t pid) {
    std::ifstream list("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children");
    return {std::istream_iterator<pid_t>(list), {}};
  }
  bool is_empty() const { return fs::is_empty(folder_.at("tmp")); }
  static void end(pid_t pid) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
};

TEST_F(Remains, OfAKilledAgentAreNone) {
  for (SandboxLevel level : {SandboxLevel::kRequired, SandboxLevel::kNone}) {
    Pids pids = start_agent(level);
    EXPECT_EQ(is_empty(), level == SandboxLevel::kRequired) << "with namespaces no folder has a name";
    end(pids.agent);
    EXPECT_TRUE(eventually([&] { return is_gone(pids.zygote) && is_gone(pids.worker); }));
    EXPECT_TRUE(eventually([&] { return is_empty(); }));
  }
}

TEST_F(Remains, OfAKilledEngineAreNone) {
  for (SandboxLevel level : {SandboxLevel::kRequired, SandboxLevel::kNone}) {
    Pids pids = start_agent(level);
    kill(pids.zygote, SIGKILL);
    end(pids.agent);
    EXPECT_TRUE(eventually([&] { return is_gone(pids.worker); }));
  }
  EXPECT_FALSE(is_empty()) << "nobody was left to remove it";
  Pids other = start_agent(SandboxLevel::kRequired);
  end(other.agent);
  EXPECT_TRUE(eventually([&] { return is_empty(); })) << "the next one did";
}

}  // namespace
}  // namespace rebus::zygote_test
