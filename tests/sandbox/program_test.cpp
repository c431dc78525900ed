// Programs of others in their cell: what they are given, what they cannot reach, and that all of it ends.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "agents/support/child_program.h"
#include "agents/support/sandbox/sandbox_level.h"
#include "descriptor/file_handle.h"
#include "descriptor/pack.h"
#include "tests/sandbox/sample_runner.h"
#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus::program_test {
namespace {

namespace fs = std::filesystem;
using How = ChildEnd::How;

constexpr uid_t kOrdinary = 1234;

ChildProgram script(const std::string& line) { return {.words = {"sh", "-c", line}}; }

FileHandle file_with(const std::string& bytes) {
  FileHandle file(memfd_create("file", 0));
  EXPECT_EQ(write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  return file;
}

// What a process of another user says of a program that it ran.
struct Told {
  uint64_t how = 0, exit_code = 0, error = 0;
  std::string out = {}, err = {}, message = {};
  std::vector<std::string> layers = {};
  template <class A>
  void fields(A& a) {
    a(1, how), a(2, exit_code), a(3, error), a(4, out), a(5, err), a(6, message), a(7, layers);
  }
};

Told told(const Result<ChildEnd>& end) {
  if (!end) return {.error = static_cast<uint64_t>(end.error().code), .message = end.error().message};
  return {static_cast<uint64_t>(end->how),
          static_cast<uint64_t>(end->exit_code),
          0,
          end->out,
          end->err,
          {},
          end->layers};
}

// Runs it in a child that `prepare` made what it is to be.
Told run_in_child(const std::function<bool()>& prepare, const ChildProgram& program) {
  FileHandle answer(memfd_create("answer", 0));
  pid_t pid = fork();
  if (pid == 0) {
    std::string text = prepare() ? pack(told(run_child(program, ""))) : "";
    _exit(write(answer.get(), text.data(), text.size()) > 0 ? 0 : 1);
  }
  waitpid(pid, nullptr, 0);
  std::string text(static_cast<size_t>(lseek(answer.get(), 0, SEEK_END)), '\0');
  EXPECT_EQ(pread(answer.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  auto result = unpack<Told>(text);
  EXPECT_TRUE(result.ok()) << "the child could not be prepared";
  return result ? *result : Told{};
}

bool become_ordinary() {
  return geteuid() != 0 ||
         (setresgid(kOrdinary, kOrdinary, kOrdinary) == 0 && setresuid(kOrdinary, kOrdinary, kOrdinary) == 0);
}

// As whoever runs the tests, and as an ordinary user.
class Program : public testing::TestWithParam<bool> {
 protected:
  Told run(const ChildProgram& program) const {
    return GetParam() ? run_in_child(become_ordinary, program) : told(run_child(program, ""));
  }
  std::string out(const std::string& line) const { return run(script(line)).out; }
};

INSTANTIATE_TEST_SUITE_P(Users, Program, testing::Bool(),
                         [](const auto& suite) { return suite.param ? "ordinary" : "own"; });

// Also of the children of this process.
const std::string& own_mark() {
  static const std::string kMark = "1000." + std::to_string(getpid());
  return kMark;
}

// --- what it is given ---

TEST(ChildProgram, gets_the_input_and_gives_both_outputs_and_the_exit_code) {
  auto end = run_child(script("cat; echo oops >&2; exit 7"), std::string("in\0put", 6));
  ASSERT_TRUE(end.ok()) << end.error().message;
  EXPECT_EQ(end->out, std::string("in\0put", 6));
  EXPECT_EQ(end->err, "oops\n");
  EXPECT_EQ(end->how, How::kExit);
  EXPECT_EQ(end->exit_code, 7);
  end = run_child(script("kill -9 $$"), "");
  EXPECT_EQ(end->how, How::kSignal);
  EXPECT_EQ(end->exit_code, 137);
}

TEST(ChildProgram, takes_more_than_a_pipe_holds_in_both_directions) {
  std::string large(3 << 20, 'x');
  auto end = run_child(script("cat; yes | head -c 1000000 >&2"), large);
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->out, large);
  EXPECT_EQ(end->err.size(), 4096u);
}

TEST_P(Program, has_no_environment_but_PATH_HOME_and_what_it_is_given) {
  setenv("REBUS_SECRET", "s", 1);
  auto end = run({.words = {"env"}, .variables = {"EXTRA=1"}});
  unsetenv("REBUS_SECRET");
  std::istringstream lines(end.out);
  std::set<std::string> variables;
  for (std::string line; std::getline(lines, line);) variables.insert(line);
  EXPECT_EQ(variables, (std::set<std::string>{"EXTRA=1", "PATH=" + std::string(std::getenv("PATH")),
                                              "HOME=/tmp", "PWD=/tmp"}));
}

TEST_P(Program, has_no_open_file_but_the_three) {
  FILE* open = std::fopen("/etc/passwd", "r");  // not close-on-exec
  auto end = run({.words = {"ls", "/proc/self/fd"}});
  std::fclose(open);
  EXPECT_EQ(end.out, "0\n1\n2\n3\n") << "3 is the folder that ls reads";
}

TEST_P(Program, finds_its_files_and_cannot_change_them) {
  FileHandle one = file_with("one"), two = file_with("#!/bin/sh\necho two\n");
  ChildProgram program = script(
      "cat /input/a; /input/b; echo more >> /input/a || echo kept; rm /input/a || echo stays; ls /input");
  program.files = {{"a", one.get()}, {"b", two.get()}};
  EXPECT_EQ(run(program).out, "onetwo\nkept\nstays\na\nb\n");
}

TEST(ChildProgram, gives_its_output_as_it_comes) {
  std::string seen;
  ChildProgram program = script("echo one; echo two");
  program.take_output = [&](std::string_view part) -> Result<void> {
    seen += part;
    return {};
  };
  auto end = run_child(program, "");
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(seen, "one\ntwo\n");
  EXPECT_EQ(end->out, "");
  program.words = {"yes"};
  program.take_output = [](std::string_view) -> Result<void> { return Error{Code::kFailed, "enough"}; };
  EXPECT_EQ(run_child(program, "").error().message, "enough");
}

TEST(ChildProgram, does_not_read_words_as_a_shell_would) {
  auto end = run_child({.words = {"echo", "$(id)", ";", "*"}}, "");
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->out, "$(id) ; *\n");
}

TEST(ChildProgram, that_is_not_there_is_not_found) {
  auto end = run_child({.words = {"no-such-program"}}, "");
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().code, Code::kNotFound);
}

// --- what it cannot reach ---

TEST_P(Program, sees_no_file_of_this_host_but_usr) {
  EXPECT_EQ(out("ls -A / | grep -v ^lib"), "bin\ndev\netc\nproc\nrebus_init\nsbin\ntmp\nusr\n");
  EXPECT_EQ(out("ls -A /etc /tmp"), "/etc:\nld.so.cache\n\n/tmp:\n");
  EXPECT_EQ(out("cat /proc/1/root/etc/passwd /proc/1/environ /proc/1/fd/3 /proc/1/mem || echo no"), "no\n");
}

TEST_P(Program, can_write_nowhere_but_to_its_scratch) {
  EXPECT_EQ(out("for d in / /usr /usr/bin /etc /dev /dev/shm /proc /proc/sys/kernel /input /sys; do "
                "echo x > $d/f && echo $d; done 2>&1 | grep -v cannot; echo x > /tmp/f && echo done"),
            "done\n");
}

TEST_P(Program, is_not_root_and_becomes_nobody_else) {
  auto end = run(script("grep -hE '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status; id -u"));
  std::string none = "0000000000000000\n";
  EXPECT_EQ(end.out, "CapInh:\t" + none + "CapPrm:\t" + none + "CapEff:\t" + none + "CapBnd:\t" + none +
                         "CapAmb:\t" + none + "NoNewPrivs:\t1\nSeccomp:\t2\n" +
                         (geteuid() != 0 ? std::to_string(geteuid())
                          : GetParam()   ? "1234"
                                         : "65534") +
                         "\n");
}

TEST_P(Program, has_no_network) {
  FileHandle door(socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(at);
  ASSERT_EQ(bind(door.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
  ASSERT_EQ(listen(door.get(), 8), 0);
  getsockname(door.get(), reinterpret_cast<sockaddr*>(&at), &size);
  std::string address = "/dev/tcp/127.0.0.1/" + std::to_string(ntohs(at.sin_port));
  ASSERT_EQ(shell("bash -c 'exec 3<>" + address + "'").exit_code, 0) << "it is open";
  EXPECT_NE(run({.words = {"bash", "-c", "exec 3<>" + address}}).exit_code, 0u);
  EXPECT_EQ(out("tail -n +3 /proc/net/dev | cut -d: -f1"), "    lo\n");
}

TEST_P(Program, sees_no_process_but_its_own) {
  EXPECT_EQ(out("for p in /proc/[0-9]*; do read name < $p/comm; echo $name; done"), "rebus_init\nsh\n");
  EXPECT_EQ(out("kill -9 -1; kill -9 1; echo still here"), "still here\n");
}

TEST_P(Program, makes_no_namespace) {
  EXPECT_EQ(out("for how in -U -r -m -n -p; do unshare $how true && echo $how; done 2>/dev/null; echo none"),
            "none\n");
}

// --- limits ---

TEST(ChildProgram, is_killed_when_its_time_is_over) {
  for (const char* line : {"sleep 1000 & sleep 1000", "exec >&- 2>&-; sleep 1000",
                           "trap '' TERM INT HUP; while :; do sleep 1000; done", "kill -STOP $$"}) {
    auto program = script(line);
    program.time = std::chrono::milliseconds(50);
    auto end = run_child(program, "");
    ASSERT_TRUE(end.ok()) << line << ": " << end.error().message;
    EXPECT_EQ(end->how, How::kTime) << line;
    EXPECT_EQ(check_limits(program, *end).error().message, "sh took more than 50 ms and was stopped");
  }
}

TEST(ChildProgram, is_killed_when_it_gives_too_much) {
  ChildProgram program{.words = {"yes"}};
  program.most_output = 100'000;
  auto end = run_child(program, "");
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->how, How::kOutput);
  EXPECT_EQ(end->out.size(), 100'000u) << "what came until then is there";
  EXPECT_EQ(check_limits(program, *end).error().code, Code::kLimit);
  EXPECT_FALSE(end->layers.empty());
}

TEST_P(Program, has_no_more_scratch_than_it_may) {
  ChildProgram program = script("for i in 1 2 3 4; do head -c 700000 /dev/zero > /tmp/$i; done; du -sk /tmp");
  program.most_scratch = 1 << 20;
  auto end = run(program);
  EXPECT_EQ(end.out, "1024\t/tmp\n") << end.err;
}

TEST_P(Program, has_no_more_memory_than_it_may) {
  ChildProgram program = script("head -c 300000000 /dev/zero | tail");
  program.most_memory = 100 << 20;
  EXPECT_NE(run(program).exit_code, 0u);
}

// Each has less than it may, all together more.
TEST(ChildProgram, has_no_more_memory_with_all_that_it_started_where_there_are_cgroups) {
  ChildProgram program = script(
      "for i in 1 2 3 4; do head -c 60000000 /dev/zero | tail -c 50000000 > /dev/null & done; wait; exit 1");
  program.most_memory = 80 << 20;
  program.most_scratch = 1 << 20;
  auto end = run_child(program, "");
  ASSERT_TRUE(end.ok()) << end.error().message;
  bool has_group = end->layers.back().starts_with("cgroup");  // as root, on hosts that have them
  EXPECT_EQ(end->how == How::kMemory, has_group) << end->err;
  EXPECT_EQ(end->memory_kills > 0, has_group);
}

TEST_P(Program, has_no_more_processes_than_it_may) {
  ChildProgram program =
      script("i=0; while [ $i -lt 40 ]; do sleep " + own_mark() + " & i=$((i+1)); done; wait");
  program.most_processes = 16;
  auto end = run(program);
  EXPECT_NE(end.err.find("Cannot fork"), std::string::npos) << end.err;
  EXPECT_EQ(processes_with(own_mark()).size(), 0u);
}

TEST_P(Program, ends_with_all_that_it_started) {
  auto end = run(script("setsid sh -c 'trap \"\" TERM HUP; sleep " + own_mark() + "' & exit 3"));
  EXPECT_EQ(end.exit_code, 3u);
  EXPECT_EQ(processes_with(own_mark()).size(), 0u);
  ChildProgram bomb = script("exec perl -e 'fork while 1' " + own_mark());  // a shell gives up
  bomb.time = std::chrono::milliseconds(300);
  EXPECT_EQ(run(bomb).how, static_cast<uint64_t>(How::kTime));
  EXPECT_EQ(processes_with(own_mark()).size(), 0u);
}

// Whoever is killed in the middle of it.
TEST_P(Program, leaves_nothing_when_its_agent_is_killed) {
  const std::string line = "setsid sleep " + own_mark() + " & sleep " + own_mark();
  pid_t agent = fork();
  if (agent == 0) {
    if (GetParam() && !become_ordinary()) _exit(1);
    (void)run_child(script(line), "");
    _exit(0);
  }
  EXPECT_TRUE(
      eventually([] { return processes_with("sleep" + std::string(1, '\0') + own_mark()).size() == 2; }));
  kill(agent, SIGKILL);
  waitpid(agent, nullptr, 0);
  EXPECT_TRUE(eventually([] { return processes_with(own_mark()).empty(); }));
  EXPECT_TRUE(eventually([&] {
    run(script("true"));  // sweeps what a rebus_cell that was killed could not
    return abandoned_cgroups() == 0;
  }));
}

// --- layers ---

TEST_P(Program, tells_the_layers_of_its_cell) {
  auto layers = run({.words = {"true"}}).layers;
  ASSERT_GE(layers.size(), 4u);
  layers.resize(4);
  EXPECT_EQ(layers, (std::vector<std::string>{"namespaces", "privileges", "limits", "seccomp"}));
}

TEST(Cell, is_refused_by_name_where_bubblewrap_is_missing) {
  auto end = run_in_child([] { return setenv("PATH", "/nowhere", 1) == 0; }, script("true"));
  EXPECT_EQ(end.error, static_cast<uint64_t>(Code::kUnavailable));
  EXPECT_NE(end.message.find("namespaces"), std::string::npos) << end.message;
  EXPECT_NE(end.message.find("apt-get install bubblewrap"), std::string::npos) << end.message;
}

// As on a host where only root may make namespaces.
bool forbid_namespaces() {
  if (!become_ordinary() || unshare(CLONE_NEWUSER) != 0) return false;
  std::ofstream most("/proc/sys/user/max_user_namespaces");
  most << "0" << std::flush;
  return most.good();
}

TEST(Cell, is_refused_by_name_where_there_are_no_namespaces) {
  auto end = run_in_child(forbid_namespaces, script("true"));
  EXPECT_EQ(end.error, static_cast<uint64_t>(Code::kUnavailable));
  EXPECT_NE(end.message.find("namespaces (bubblewrap cannot make them): bwrap:"), std::string::npos)
      << end.message;
}

TEST(Cell, that_is_strict_is_refused_where_cgroups_may_not_be_made) {
  auto end = run_in_child(
      [] {
        set_sandbox_level(SandboxLevel::kStrict);
        return become_ordinary();
      },
      script("true"));
  EXPECT_EQ(end.error, static_cast<uint64_t>(Code::kUnavailable));
  EXPECT_NE(end.message.find("cgroup"), std::string::npos) << end.message;
}

TEST(Cell, is_none_where_the_operator_says_so) {
  FileHandle file = file_with("bytes");
  ChildProgram program{.words = {"cat", "/input/a"}, .files = {{"a", file.get()}}};
  auto end = run_in_child(
      [] {
        set_sandbox_level(SandboxLevel::kNone);
        return become_ordinary() && setenv("TMPDIR", "/tmp", 1) == 0;
      },
      program);
  EXPECT_EQ(end.out, "bytes") << end.message << end.err;
  EXPECT_EQ(end.layers, std::vector<std::string>{});
}

// --- a layer that failed ---

constexpr int kDid = 0, kRefused = 1;

int tries(const std::string& without, const std::string& action, bool is_ordinary) {
  const fs::path folder = fs::read_symlink("/proc/self/exe").parent_path();
  pid_t pid = fork();
  if (pid == 0) {
    dup2(memfd_create("output", MFD_CLOEXEC), STDOUT_FILENO);
    const std::string sample = folder / "samples/sample_static";
    if (!is_ordinary || become_ordinary())
      execl((folder / "celled").c_str(), "celled", without.c_str(), sample.c_str(), action.c_str(), nullptr);
    _exit(2);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

const std::vector<std::string> kAttempts = {"others",  "itself",   "root",     "network",  "uring",
                                            "clone3",  "untraced", "trace-me", "int80",    "x32",
                                            "scratch", "terminal", "escapes",  "inherits", "tracer"};

// What only one layer refuses stands in docs/security.md.
TEST(Cell, has_a_second_layer_behind_each_but_where_the_documents_say_otherwise) {
  const std::set<std::pair<std::string, std::string>> only = {
      {"network", "network"}, {"read-only", "itself"}, {"seccomp", "uring"}, {"seccomp", "untraced"},
      {"seccomp", "clone3"},  {"seccomp", "trace-me"}, {"seccomp", "int80"}, {"seccomp", "escapes"}};
  for (const char* without :
       {"none", "users", "network", "processes", "read-only", "session", "limits", "seccomp", "landlock"}) {
    for (const std::string& attempt : kAttempts) {
      EXPECT_EQ(tries(without, attempt, true), only.contains({without, attempt}) ? kDid : kRefused)
          << attempt << " without " << without;
    }
  }
}

TEST(Cell, of_root_is_the_only_thing_that_takes_root_away) {
  if (geteuid() != 0) GTEST_SKIP() << "NOT TESTED: only root can try what it can do";
  for (const std::string& attempt : kAttempts) {
    EXPECT_EQ(tries("none", attempt, false), kRefused) << attempt;
    EXPECT_EQ(tries("privileges", attempt, false), attempt == "root" ? kDid : kRefused) << attempt;
  }
}

}  // namespace
}  // namespace rebus::program_test
