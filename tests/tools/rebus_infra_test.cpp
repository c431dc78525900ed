// The launcher with real processes.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/elf_archive.h"
#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus::rebus_infra_test {
namespace {

using Words = std::vector<std::string>;

class RebusInfra : public testing::Test {
 protected:
  std::string address() const { return "ipc://" + folder_.at("run/bus"); }
  std::string master(const std::string& more = "storage: rocksdb") const {
    return "master:\n  busaddr: " + address() + "\n  storage_options: {path: " + folder_.at("store") +
           "}\n  " + more + "\n";
  }
  static std::string memory_master(const std::string& address) {
    return "master: {busaddr: '" + address + "', storage: ram}\n";
  }
  // Lines of "- NAME: …", one stage each.
  static std::string stages(const std::vector<std::string>& stages) {
    std::string text = "agents:\n  stages:\n";
    for (const auto& agents : stages) text += "  - agents: " + agents + "\n";
    return text;
  }
  std::unique_ptr<Process> start(const std::string& config,
                                 const std::string& program = "rebus_infra") const {
    folder_.write("infra.yaml", config);
    return std::make_unique<Process>(Words{program, "infra.yaml"}, folder_.path());
  }
  Finished run_all(const std::string& config) const { return start(config)->wait(); }
  Finished ask(Words words) const {
    words.insert(words.begin(), {"rebus_agent", "--busaddr", address()});
    return run(words, folder_.path());
  }
  static Finished stop(Process& launcher) {
    launcher.signal(SIGTERM);
    return launcher.wait();
  }
  // Programs of ours, and a rebus_agent that is this script.
  std::string launcher_with_agent(const std::string& script) const {
    namespace fs = std::filesystem;
    fs::create_directory(folder_.at("bin"));
    for (const char* name : {"rebus_infra", "rebus_master"}) {
      fs::copy_file(std::string(REBUS_BIN) + "/" + name, folder_.at("bin/") + name);
    }
    chmod(folder_.write("bin/rebus_agent", "#!/bin/bash\n" + script).c_str(), 0700);
    return folder_.at("bin/rebus_infra");
  }

  ScratchFolder folder_;
};

bool says(const Process& process, const std::string& words) {
  return process.err().find(words) != std::string::npos;
}

size_t count_of(const std::string& text, const std::string& words) {
  size_t count = 0;
  for (size_t at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) count++;
  return count;
}

struct Running {
  pid_t pid = 0;
  std::string words;  // parted by blanks
};

// The children of a process, from /proc.
std::vector<Running> children_of(pid_t parent) {
  std::vector<Running> children;
  std::ifstream list("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children");
  for (pid_t pid = 0; list >> pid;) {
    std::string words = text_of_proc("/proc/" + std::to_string(pid) + "/cmdline");
    std::replace(words.begin(), words.end(), '\0', ' ');
    children.push_back({pid, words});
  }
  return children;
}

// The child with that word; 0: none.
pid_t child_with(pid_t parent, const std::string& word) {
  for (const Running& child : children_of(parent)) {
    bool is_begun = child.words.find("--run-bound-to") == std::string::npos;
    if (is_begun && child.words.find(word) != std::string::npos) return child.pid;
  }
  return 0;
}

// Appends what is there, of a file that does not block.
void read_waiting(int fd, std::string& text) {
  char buffer[4096];
  for (ssize_t size = 0; (size = read(fd, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<size_t>(size));
  }
}

bool is_alive(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  return static_cast<bool>(file >> number >> name >> state) && state != "Z";
}

TEST_F(RebusInfra, RunsStageAfterStageAndPrintsWhatAgentsPrint) {
  // So much to hash that inject has long ended when the last is done.
  const std::string hasher =
      "hasher: {instances: 2, params: '--algorithms md5,sha3-512,ripemd160,sm3,sha512'}";
  pack_files(folder_.at("apt1.tgz"), elf_files(200 / REBUS_SCALE, 32 << 20));
  auto expected = md5_lines(folder_.at("apt1.tgz"), "apt1.tgz");
  auto launcher = start(master() + stages({"[" + hasher + ", unarchive, inject: apt1.tgz]",
                                           "[ls: {params: /md5_hash, stdout: " + folder_.at("hashes") + "}]",
                                           "[return: --short md5_hash]"}));
  EXPECT_TRUE(eventually([&] { return launcher->line_count() >= std::ssize(expected); })) << launcher->err();
  // Stage 2 began when all was hashed.
  EXPECT_EQ(file_bytes(folder_.at("hashes")), ask({"ls", "/md5_hash"}).out);
  auto done = stop(*launcher);
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(done.sorted_lines(), expected);
}

TEST_F(RebusInfra, EndsByItselfWhenAllAgentsAreOneShot) {
  auto done = run_all(memory_master(address()) + stages({"[inject: infra.yaml]", "[ls: '/']"}));
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_NE(done.out, "");
  EXPECT_EQ(done.err.find('\x1b'), std::string::npos) << "no view in a file";
}

TEST_F(RebusInfra, JoinsABusThatRuns) {
  Process bus({"rebus_master", "--busaddr", address(), "--storage", "ram"}, folder_.path());
  auto done = run_all("agents:\n  busaddr: " + address() + "\n  stages: [{agents: [inject: infra.yaml]}]\n");
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_TRUE(bus.is_running());
  EXPECT_NE(ask({"ls", "/"}).out, "");
}

TEST_F(RebusInfra, RunsTheMasterOnly) {
  auto launcher = start(memory_master(address()));
  EXPECT_TRUE(eventually([&] { return says(*launcher, "the master answers"); })) << launcher->err();
  EXPECT_EQ(ask({"inject", "infra.yaml"}).exit_code, 0);
  EXPECT_EQ(stop(*launcher).exit_code, 0);
}

TEST_F(RebusInfra, StartsAgainWhatWasKilledAndCompletesTheWork) {
  auto launcher =
      start(master() + stages({"[hasher: {instances: 2, params: --selector-prefix /}, unarchive]"}));
  ASSERT_TRUE(eventually([&] { return child_with(launcher->pid(), " unarchive") != 0; }));
  ASSERT_TRUE(eventually([&] { return ask({"ls"}).exit_code == 0; }));
  for (const char* victim : {" hasher", "rebus_master", " unarchive"}) {
    pid_t pid = child_with(launcher->pid(), victim);
    ASSERT_NE(pid, 0) << victim;
    kill(pid, SIGKILL);
    EXPECT_TRUE(eventually([&] {
      pid_t next = child_with(launcher->pid(), victim);
      return next != 0 && next != pid && !is_alive(pid);
    })) << victim;
  }
  EXPECT_TRUE(says(*launcher, "was killed by signal 9 (Killed); it starts again in 1 s")) << launcher->err();
  pack_files(folder_.at("apt1.tgz"), elf_files(40, 4 << 20));
  auto injected = ask({"inject", "--wait", "apt1.tgz"});
  EXPECT_EQ(injected.exit_code, 0) << injected.err;
  auto printed = ask({"--until-idle", "return", "--short", "md5_hash"}).sorted_lines();
  auto is_of_archive = [](const std::string& line) { return line.starts_with("apt1.tgz = "); };
  std::erase_if(printed, is_of_archive);
  EXPECT_EQ(printed, md5_lines(folder_.at("apt1.tgz"), "apt1.tgz"));
  auto done = stop(*launcher);
  EXPECT_EQ(done.exit_code, 0) << done.err;
}

TEST_F(RebusInfra, StopsInTheOrderInWhichNothingIsLost) {
  // Each script tells when it is told to stop, and takes its time.
  std::string launcher_path = launcher_with_agent(
      "for word; do case $word in inject|hasher|return) name=$word;; esac; done\n"
      "trap \"echo $name is told >&2; sleep 0.3; echo $name ends >&2; exit 0\" TERM\n"
      "[[ $name == hasher ]] && exec " REBUS_BIN
      "/rebus_agent \"$@\"\n"
      "echo $name is up >&2; while :; do sleep 0.05; done\n");
  auto launcher =
      start(memory_master(address()) + stages({"[return: x, inject: x, hasher: {verbose_level: 1}]"}),
            launcher_path);
  ASSERT_TRUE(eventually([&] { return says(*launcher, "inject | inject is up"); })) << launcher->err();
  auto done = stop(*launcher);
  size_t inject = done.err.find("inject ends"), reader = done.err.find("return is told");
  size_t reader_ends = done.err.find("return ends"), bus = done.err.find("info: stopped");
  ASSERT_NE(bus, std::string::npos) << done.err;
  size_t consumer = done.err.find("hasher was offered 0");
  EXPECT_LT(inject, consumer) << done.err;
  EXPECT_LT(consumer, reader) << done.err;
  EXPECT_LT(reader_ends, bus) << done.err;
  EXPECT_EQ(done.exit_code, 130) << "inject was not done";
}

TEST_F(RebusInfra, KillsWhatDoesNotStopAndTellsIt) {
  std::string launcher_path =
      launcher_with_agent("trap '' TERM; echo up >&2; while :; do sleep 0.05; done\n");
  auto launcher = start(memory_master(address()) + stages({"[return: x]"}), launcher_path);
  ASSERT_TRUE(eventually([&] { return says(*launcher, "return | up"); })) << launcher->err();
  auto done = stop(*launcher);
  EXPECT_EQ(done.exit_code, 3) << done.err;
  EXPECT_NE(done.err.find("return did not stop in 10 s: it is killed"), std::string::npos) << done.err;
  EXPECT_NE(done.err.find("info: stopped"), std::string::npos) << "the master stops cleanly nevertheless";
}

TEST_F(RebusInfra, SaysByItsExitCodeThatAnAgentWasDownWhenAllStopped) {
  std::string launcher_path = launcher_with_agent("echo cannot print >&2; exit 75\n");
  auto launcher = start(memory_master(address()) + stages({"[return: x]"}), launcher_path);
  ASSERT_TRUE(eventually([&] { return says(*launcher, "exit code 75; it starts again in 4 s"); }))
      << launcher->err();
  EXPECT_EQ(stop(*launcher).exit_code, 75);
}

TEST_F(RebusInfra, ASecondSignalHurries) {
  std::string launcher_path =
      launcher_with_agent("trap '' TERM; echo up >&2; while :; do sleep 0.05; done\n");
  auto launcher = start(memory_master(address()) + stages({"[return: x]"}), launcher_path);
  ASSERT_TRUE(eventually([&] { return says(*launcher, "return | up"); })) << launcher->err();
  launcher->signal(SIGINT);
  ASSERT_TRUE(eventually([&] { return says(*launcher, "stopping; ask again"); }));
  launcher->signal(SIGINT);  // at once: the same wish, as `timeout` says it twice
  EXPECT_TRUE(launcher->is_running());
  EXPECT_TRUE(eventually([&] {
    launcher->signal(SIGINT);
    return !launcher->is_running();
  }));
  auto done = launcher->wait();
  EXPECT_EQ(done.exit_code, 130) << done.err;
  EXPECT_EQ(done.err.find("did not stop"), std::string::npos) << done.err;
}

TEST_F(RebusInfra, ACrashLoopBacksOffAndDoesNotSpin) {
  std::string launcher_path = launcher_with_agent("echo some reason >&2; exit 9\n");
  auto launcher = start(memory_master(address()) + stages({"[hasher]"}), launcher_path);
  ASSERT_TRUE(eventually([&] { return says(*launcher, "it starts again in 4 s"); })) << launcher->err();
  auto done = stop(*launcher);
  EXPECT_EQ(count_of(done.err, "ended with exit code 9; it starts again in 1 s"), 1u) << done.err;
  EXPECT_EQ(count_of(done.err, "ended with exit code 9; it starts again in 2 s"), 1u) << done.err;
  EXPECT_EQ(count_of(done.err, "hasher | some reason"), 3u) << done.err;
  EXPECT_NE(done.err.find("its last words: some reason"), std::string::npos) << done.err;
}

TEST_F(RebusInfra, ThePolicyDecidesWhoStartsAgain) {
  std::string launcher_path = launcher_with_agent(
      "for word; do case $word in inject|hasher|return) name=$word;; esac; done\n"
      "echo $name begins >&2\n"
      "case $name in hasher) exit 3;; return) exit 9;; inject) exit 0;; esac\n");
  auto launcher = start(
      memory_master(address()) + stages({"[hasher: {restart: always}, return: {params: x, restart: never}]"}),
      launcher_path);
  ASSERT_TRUE(eventually([&] { return count_of(launcher->err(), "hasher | hasher begins") == 2; }))
      << launcher->err();
  auto done = stop(*launcher);
  EXPECT_EQ(count_of(done.err, "return | return begins"), 1u) << done.err;
  EXPECT_NE(done.err.find("return ended with exit code 9; it does not start again"), std::string::npos)
      << done.err;
}

TEST_F(RebusInfra, AnAnswerIsHandedOnAsExitCode) {
  for (int code : {0, 1, 2, 3}) {
    std::filesystem::remove_all(folder_.at("bin"));
    std::string launcher_path = launcher_with_agent("exit " + std::to_string(code) + "\n");
    auto done = start(memory_master(address()) + stages({"[inject: x]"}), launcher_path)->wait();
    EXPECT_EQ(done.exit_code, code) << done.err;
  }
}

TEST_F(RebusInfra, AMissingInputIsTold) {
  auto done = run_all(memory_master(address()) + stages({"[inject: no-such-file]"}));
  EXPECT_EQ(done.exit_code, 1) << done.err;
  EXPECT_NE(done.err.find("no-such-file"), std::string::npos) << done.err;
}

TEST_F(RebusInfra, AMasterThatRefusesToStartEndsEverything) {
  folder_.write("store/FORMAT", "rebus storage 999\n");
  chmod(folder_.at("store").c_str(), 0700);
  auto done = run_all(master() + stages({"[hasher]"}));
  EXPECT_EQ(done.exit_code, 75) << done.err;
  EXPECT_NE(done.err.find("has format 999"), std::string::npos) << done.err;
  EXPECT_EQ(done.err.find("starts again"), std::string::npos) << done.err;
}

TEST_F(RebusInfra, NothingIsStartedBesideAnotherMasterOnTheStore) {
  Process other(
      {"rebus_master", "--busaddr", "ipc://" + folder_.at("run/other"), "--path", folder_.at("store")});
  ASSERT_TRUE(eventually([&] { return says(other, "listening on"); })) << other.err();
  auto done = run_all(master());
  EXPECT_EQ(done.exit_code, 75);
  EXPECT_NE(done.err.find("in use by another master: nothing is started"), std::string::npos) << done.err;
  auto checked = run({"rebus_infra", "--check", "infra.yaml"}, folder_.path());
  EXPECT_EQ(checked.exit_code, 0) << "what runs now is no mistake of the file";
  EXPECT_NE(checked.out.find("a master has its store now"), std::string::npos) << checked.out;
}

TEST_F(RebusInfra, AnotherMasterAtTheAddressIsNotTakenForItsOwn) {
  Process other({"rebus_master", "--busaddr", address(), "--storage", "ram"});
  ASSERT_TRUE(eventually([&] { return says(other, "listening on"); })) << other.err();
  auto done = run_all(memory_master(address()) + stages({"[inject: infra.yaml]"}));
  EXPECT_EQ(done.exit_code, 75) << done.err;
  EXPECT_NE(done.err.find("another master is listening there"), std::string::npos) << done.err;
  EXPECT_EQ(ask({"ls", "/"}).out, "") << "it injected into a strange bus";
}

TEST_F(RebusInfra, GoesOnWhenNobodyReadsWhatItSays) {
  std::string launcher_path = launcher_with_agent(
      "yes 'a line that nobody reads' | head -c 5000000 >&2; touch done; trap 'exit 0' TERM\n"
      "while :; do sleep 0.05; done\n");
  ASSERT_EQ(mkfifo(folder_.at("errors").c_str(), 0600), 0);
  int reader = open(folder_.at("errors").c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
  folder_.write("infra.yaml", memory_master(address()) + stages({"[hasher]"}));
  Process launcher({"bash", "-c", "exec " + launcher_path + " infra.yaml 2>errors"}, folder_.path());
  EXPECT_TRUE(eventually([&] { return access(folder_.at("done").c_str(), F_OK) == 0; }));
  std::string said;
  EXPECT_TRUE(eventually([&] {
    read_waiting(reader, said);
    if (said.size() > 900'000) launcher.signal(SIGTERM);
    return !launcher.is_running();
  }));
  read_waiting(reader, said);
  EXPECT_NE(said.find(" lines were not written in time"), std::string::npos)
      << "a million bytes wait, not more";
  close(reader);
}

TEST_F(RebusInfra, NobodyAnsweringIsUnavailable) {
  auto done = run_all("agents: {busaddr: '" + address() + "', stages: [{agents: [hasher]}]}\n");
  EXPECT_EQ(done.exit_code, 75) << done.err;
  EXPECT_NE(done.err.find("no master answers"), std::string::npos) << done.err;
}

TEST_F(RebusInfra, ChildrenDieWithAKilledLauncher) {
  auto launcher = start(memory_master(address()) + stages({"[hasher, unarchive]"}));
  ASSERT_TRUE(eventually([&] { return child_with(launcher->pid(), " unarchive") != 0; })) << launcher->err();
  auto children = children_of(launcher->pid());
  ASSERT_EQ(children.size(), 3u);
  launcher->signal(SIGKILL);
  launcher->wait();
  for (const Running& child : children) {
    EXPECT_TRUE(eventually([&] { return !is_alive(child.pid); })) << child.words;
  }
}

TEST_F(RebusInfra, WhatChildrenSayIsEscapedAndCut) {
  std::string launcher_path = launcher_with_agent(
      "printf 'evil \\x1b[2J\\x07 \\xff\\n' >&2; head -c 10000 /dev/zero | tr '\\0' y >&2; exit 3\n");
  auto done = start(memory_master(address()) + stages({"[inject: x]"}), launcher_path)->wait();
  EXPECT_NE(done.err.find("inject | evil \\x1b[2J\\x07 \\xff\n"), std::string::npos) << done.err;
  EXPECT_EQ(count_of(done.err, "inject | y"), 3u);
}

TEST_F(RebusInfra, TheEnvironmentAndArgumentsReachTheAgent) {
  std::string launcher_path = launcher_with_agent("echo \"$LEVEL $TMPDIR\"; printf '<%s>' \"$@\"; echo\n");
  auto done = start(memory_master(address()) +
                        stages({"[inject: {params: \"'a b' c\", environment: {LEVEL: 7, TMPDIR: /x}}]"}),
                    launcher_path)
                  ->wait();
  EXPECT_EQ(done.out, "7 /x\n<--busaddr><" + address() + "><--domain><default><inject><a b><c>\n");
}

TEST_F(RebusInfra, MistakesAreToldBeforeAnythingStarts) {
  for (const Words& words :
       {Words{"rebus_infra", "infra.yaml"}, Words{"rebus_infra", "--check", "infra.yaml"}}) {
    folder_.write("infra.yaml",
                  master() + "agents:\n  stages:\n  - agents: [hashr, hasher: --algorithm x]\n");
    auto done = run(words, folder_.path());
    EXPECT_EQ(done.exit_code, 2);
    EXPECT_EQ(done.out, "");
    EXPECT_NE(
        done.err.find(
            "infra.yaml:7:14: agents.stages[0].agents[0].hashr: no agent 'hashr'; did you mean hasher?"),
        std::string::npos)
        << done.err;
    EXPECT_NE(done.err.find("infra.yaml:7:29: "), std::string::npos) << done.err;
    EXPECT_NE(done.err.find("2 mistakes in infra.yaml: nothing is started"), std::string::npos) << done.err;
    EXPECT_FALSE(std::filesystem::exists(folder_.at("store")));
  }
}

TEST_F(RebusInfra, AGoodFileIsChecked) {
  folder_.write("infra.yaml", master() + stages({"[hasher, unarchive]", "[return: x]"}));
  auto done = run({"rebus_infra", "--check", "infra.yaml"}, folder_.path());
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(done.out, "infra.yaml: a master, 2 stages, 3 agents\n");
  EXPECT_FALSE(std::filesystem::exists(folder_.at("store")));
}

TEST_F(RebusInfra, RefusesWrongUsage) {
  for (const Words& words :
       {Words{}, Words{"--chek", "x"}, Words{"x", "y"}, Words{"no-such-file"}, Words{"."}}) {
    Words all = {"rebus_infra"};
    all.insert(all.end(), words.begin(), words.end());
    auto done = run(all, folder_.path());
    EXPECT_EQ(done.exit_code, 2) << done.err;
    EXPECT_NE(done.err, "");
  }
  EXPECT_NE(run({"rebus_infra", "--help"}).out.find("EXIT STATUS"), std::string::npos);
  EXPECT_EQ(run({"rebus_infra", "--version"}).out.rfind("rebus ", 0), 0u);
}

// A terminal, and what is shown on it.
class Screenful {
 public:
  Screenful() : fd_(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)) {
    grantpt(fd_);
    unlockpt(fd_);
    resize(20, 90);
  }
  ~Screenful() { close(fd_); }
  std::string name() const { return ptsname(fd_); }
  void resize(unsigned short rows, unsigned short columns) const {
    winsize size{rows, columns, 0, 0};
    ioctl(fd_, TIOCSWINSZ, &size);
  }
  // All so far.
  const std::string& read_all() {
    read_waiting(fd_, shown_);
    return shown_;
  }

 private:
  int fd_;
  std::string shown_;
};

TEST_F(RebusInfra, ShowsAViewOnATerminalAndTakesItAwayAtTheEnd) {
  Screenful screen;
  folder_.write("infra.yaml", memory_master(address()) + stages({"[hasher, inject: infra.yaml]"}));
  int keeps_open = open(screen.name().c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  Process launcher({"bash", "-c", "exec " REBUS_BIN "/rebus_infra infra.yaml 2>" + screen.name()},
                   folder_.path());
  EXPECT_TRUE(eventually([&] {
    const std::string& all = screen.read_all();
    return all.find("stage 1 of 1, ") != std::string::npos &&
           all.find("inject      0/1  ended") != std::string::npos;
  })) << screen.read_all();
  screen.resize(6, 30);
  launcher.signal(SIGWINCH);
  size_t before = screen.read_all().size();
  EXPECT_TRUE(eventually([&] {  // cut to 29 columns, less than 6 rows
    return screen.read_all().find("── infra.yaml: stage 1 of 1, \x1b[K", before) != std::string::npos;
  })) << screen.read_all();
  launcher.signal(SIGTERM);
  EXPECT_EQ(launcher.wait().exit_code, 0);
  EXPECT_TRUE(eventually([&] { return screen.read_all().ends_with("\x1b[J"); })) << screen.read_all();
  EXPECT_EQ(launcher.out(), "");
  close(keeps_open);
}

}  // namespace
}  // namespace rebus::rebus_infra_test
