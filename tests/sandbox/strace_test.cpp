// Samples under strace: what is told of them, and that none gets out, stays, or goes unseen.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "agents/support/sandbox/sandbox_level.h"
#include "agents/support/strace/host_handlers.h"
#include "tests/sandbox/sample_runner.h"
#include "tests/support/process.h"
#include "tests/support/run_once.h"
#include "tests/support/scratch_folder.h"

namespace rebus::strace_test {
namespace {

using Json = nlohmann::json;
using Texts = std::vector<std::string>;

// As whoever runs the tests, and as an ordinary user.
class Strace : public testing::TestWithParam<bool> {
 protected:
  SampleJob job(const std::string& action, const Texts& more = {"seconds=30"}) const {
    return {
        .bytes = sample_bytes("static"), .options = sample_options(action, more), .is_ordinary = GetParam()};
  }
  SampleResult run(const std::string& action, const Texts& more = {"seconds=30"}) const {
    auto result = SampleRunner(job(action, more)).result();
    EXPECT_EQ(result.error, "") << action;
    return result;
  }
  // What only it did: its end, its attempts.
  void expect_refused(const std::string& action, const Json& attempts) const {
    auto result = run(action).json();
    EXPECT_EQ(result["end"], (Json{{"exit", 1}})) << action << ": " << result;
    EXPECT_EQ(result["attempts"], attempts) << action;
    EXPECT_EQ(result["partial"], Json::array()) << action;
  }
};

INSTANTIATE_TEST_SUITE_P(Users, Strace, testing::Bool(),
                         [](const auto& suite) { return suite.param ? "ordinary" : "own"; });

// --- what is told ---

TEST_P(Strace, tells_the_calls_of_programs_of_each_kind) {
  for (const char* kind : {"static", "static_pie", "dynamic"}) {
    auto job = this->job("");
    job.bytes = sample_bytes(kind);
    auto result = SampleRunner(job).result();
    ASSERT_EQ(result.error, "") << kind;
    EXPECT_EQ(result.json()["end"], (Json{{"exit", 3}})) << kind;
    EXPECT_EQ(result.json()["partial"], Json::array()) << kind;
    EXPECT_EQ(result.json()["output"], "a sample\\x0a");
    auto events = result.event_list();
    ASSERT_GE(events.size(), 4u) << kind;
    EXPECT_EQ(events[0]["call"], "execve") << "what the sandbox did before is left out";
    EXPECT_EQ(events[0]["time"], 0);
    auto end = std::span(events).last(3);
    EXPECT_EQ(end[0]["call"], "write");
    EXPECT_EQ(end[0]["arguments"], (Json{"1", "\"a sample\\\\n\"", "9"})) << "escaped as all texts";
    EXPECT_EQ(end[0]["result"], "9");
    EXPECT_EQ(end[1]["call"], "exit_group");
    EXPECT_EQ(end[2]["exit"], 3);
    EXPECT_NE(result.raw.find("write(1, \"a sample\\n\", 9) = 9"), std::string::npos);
  }
}

TEST_P(Strace, tells_of_files) {
  auto result = run("files");
  EXPECT_EQ(result.calls({"mkdir", "openat", "open", "rename", "unlink", "write", "close"}),
            (Texts{"write", "mkdir", "openat", "write", "close", "rename", "unlink", "openat", "openat",
                   "openat"}));
  auto files = result.json()["files"];
  const std::string odd = "/tmp/made/a\\x0a\\x1b[2J\"b";  // as escape() has it
  EXPECT_EQ(files["written"], (Json{"/tmp/made", odd, "/tmp/made/moved"}));
  EXPECT_EQ(files["deleted"], (Json{odd, "/tmp/made/moved"}));
  EXPECT_EQ(files["missing"], (Json{"/etc/passwd"}));
  EXPECT_EQ(files["refused"], (Json{"/usr/evil"}));
  EXPECT_EQ(files["opened"], (Json{"/usr/bin/env"}));
  EXPECT_FALSE(std::filesystem::exists("/usr/evil"));
  EXPECT_EQ(result.events.find('\x1b'), std::string::npos);
}

TEST_P(Strace, tells_of_network_attempts_which_go_nowhere) {
  Json got = run("network").json()["network"];
  auto attempt = [](const char* call, const char* family, const char* address, const char* port,
                    const char* result) {
    return Json{{"call", call}, {"family", family}, {"address", address}, {"port", port}, {"result", result}};
  };
  Json expected = {attempt("connect", "AF_INET", "192.0.2.7", "8080", "ENETUNREACH"),
                   attempt("connect", "AF_INET", "192.0.2.7", "53", "ENETUNREACH"),
                   attempt("sendto", "AF_INET", "192.0.2.7", "53", "ENETUNREACH"),
                   attempt("connect", "AF_INET6", "2001:db8::7", "443", "ENETUNREACH"),
                   attempt("connect", "AF_UNIX", "/run/rebus/bus", "", "ENOENT"),
                   attempt("connect", "AF_UNIX", "@rebus", "", "ECONNREFUSED"),
                   attempt("socket", "AF_VSOCK", "", "", "EAFNOSUPPORT"),
                   attempt("socket", "AF_INET", "", "", "EPROTONOSUPPORT"),
                   attempt("connect", "AF_NETLINK", "", "", "ok")};
  EXPECT_EQ(got, expected) << "netlink is that of its own network";
}

TEST_P(Strace, tells_of_processes_and_programs) {
  auto result = run("forks");
  auto processes = result.json()["processes"];
  ASSERT_EQ(processes.size(), 5u) << result.summary << result.raw;
  std::set<std::string> ends;
  for (const auto& each : processes) ends.insert(each["end"].dump());
  EXPECT_EQ(ends, (std::set<std::string>{"{\"exit\":0}", "{\"exit\":1}", "{\"exit\":2}", "{\"exit\":3}"}));
  EXPECT_EQ(processes[0]["programs"], (Json::array({Json::array({"/input/sample", "forks"})})));
  EXPECT_EQ(processes[4]["parent"], processes[0]["pid"]);
  EXPECT_EQ(processes[4]["programs"], (Json{{"/usr/bin/env", "A=\\x0a", "true"}, {"true"}}));
}

TEST_P(Strace, tells_of_a_crash) {
  auto result = run("crash").json();
  EXPECT_EQ(result["end"], (Json{{"signal", "SIGSEGV"}}));
  EXPECT_EQ(result["signals"][0]["signal"], "SIGSEGV");
}

TEST_P(Strace, gives_arguments_input_and_environment_as_configured) {
  SampleJob job =
      this->job("", {"arguments=-c read\\x20a;echo\\x20$A,$a,$1 x y", "stdin=in\\x0a", "environment=A=1"});
  job.bytes = file_bytes("/bin/sh");
  auto result = SampleRunner(job).result();
  EXPECT_EQ(result.json()["output"], "1,in,y\\x0a") << result.summary << result.error;
}

TEST_P(Strace, keeps_the_path_of_its_user_from_samples) {
  const std::string path = std::getenv("PATH");
  SampleJob job = this->job("", {"arguments=-c echo\\x20$PATH"});
  job.bytes = file_bytes("/bin/sh");
  setenv("PATH", (path + ":/home/analyst/bin").c_str(), 1);
  auto result = SampleRunner(job).result();
  setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(result.json()["output"], "/usr/bin:/bin\\x0a") << result.summary << result.error;
  EXPECT_EQ(result.raw.find("/home/analyst"), std::string::npos);
}

// --- what is refused ---

TEST_P(Strace, lets_nothing_out) {
  expect_refused("untraced", {{"clone CLONE_UNTRACED", 1}});
  expect_refused("clone3", {{"clone3 CLONE_UNTRACED", 1}});
  expect_refused("trace-me", {{"ptrace", 1}});
  expect_refused("uring", {{"io_uring_setup", 1}});
  expect_refused("terminal", {{"ioctl TIOCSTI", 1}});
  expect_refused("others", Json::object());
  expect_refused("inherits", Json::object());
  expect_refused("root", Json::object());
  expect_refused("itself", Json::object());
  expect_refused("tracer", Json::object());
  expect_refused("escapes", {{"bpf", 1},
                             {"chroot", 1},
                             {"clone CLONE_NEW", 1},
                             {"init_module", 1},
                             {"kexec_load", 1},
                             {"keyctl", 1},
                             {"mount", 1},
                             {"perf_event_open", 1},
                             {"personality", 1},
                             {"ptrace", 1},
                             {"sethostname", 1},
                             {"setns", 1},
                             {"unshare", 2},
                             {"userfaultfd", 1}});
  EXPECT_EQ(run("kills").json()["end"], (Json{{"exit", 0}})) << "its parent lives, and it does";
}

TEST_P(Strace, ends_what_makes_calls_of_another_architecture) {
  for (const char* action : {"int80", "x32"}) {
    auto result = run(action).json();
    EXPECT_EQ(result["end"], (Json{{"signal", "SIGSYS"}})) << action;
    EXPECT_EQ(result["attempts"], (Json{{"a call of another architecture", 1}})) << action;
  }
}

// --- limits ---

TEST_P(Strace, ends_all_when_the_time_is_over) {
  const std::string mark = "mark." + std::to_string(getpid());
  const std::map<std::string, std::string> reasons = {
      {"bombs", "more processes than it may"}, {"output", "its output is cut at 64 KiB"}, {"stays", ""}};
  std::map<std::string, std::unique_ptr<SampleRunner>> running;
  for (const auto& [action, reason] : reasons)
    running[action] = std::make_unique<SampleRunner>(job(action + " " + mark, {"seconds=2"}));
  for (auto& [action, runner] : running) {
    auto result = runner->result();
    EXPECT_EQ(result.error, "") << action;
    EXPECT_TRUE(result.is_partial("it was ended after 2 s")) << action << result.summary.substr(0, 2000);
    EXPECT_TRUE(result.is_partial(reasons.at(action))) << result.summary.substr(0, 2000);
    size_t processes = result.json()["processes"].size();
    EXPECT_TRUE(action != "stays" || processes == 3) << "the daemon was seen";
  }
  EXPECT_EQ(processes_with(mark), std::vector<pid_t>{});
}

TEST_P(Strace, tells_that_memory_was_used_up) {
  EXPECT_TRUE(run("memory", {"seconds=60"}).is_partial("memory"));
}

TEST_P(Strace, tells_that_lists_are_cut) {
  EXPECT_TRUE(run("many-files", {"trace-mib=1"}).is_partial("more than 1000 files written"));
}

TEST_P(Strace, tells_that_the_scratch_was_full) {
  EXPECT_TRUE(run("scratch").is_partial("write more than it may"));
}

TEST_P(Strace, ends_what_makes_too_long_a_trace) {
  auto result = run("calls", {"trace-mib=1"});
  EXPECT_TRUE(result.is_partial("it was ended after 1 MiB of trace")) << result.summary;
  EXPECT_EQ(result.json()["end"], (Json{{"killed", "trace"}}));
  EXPECT_EQ(result.raw.size(), 1u << 20);
  EXPECT_GT(result.event_list().size(), 5'000u) << "what came until then is there";
}

// --- kills ---

TEST_P(Strace, leaves_nothing_whoever_is_killed) {
  for (const char* who : {"agent", "strace", "bwrap", "rebus_cell"}) {
    const std::string mark = std::string("mark.") + who + std::to_string(getpid());
    SampleRunner runner(job("stays " + mark, {"seconds=120"}));
    ASSERT_TRUE(eventually([&] { return process_called("sample", mark) != 0; })) << who;
    pid_t victim = who == std::string("agent") ? runner.pid() : process_called(who, mark);
    if (who == std::string("rebus_cell")) {
      std::ifstream status("/proc/" + std::to_string(process_called("strace", mark)) + "/stat");
      std::string pid, name, state;
      status >> pid >> name >> state >> victim;
    }
    ASSERT_GT(victim, 1) << who;
    kill(victim, SIGKILL);
    auto result = runner.result();
    EXPECT_TRUE(eventually([&] { return processes_with(mark).empty(); })) << who;
    bool is_told = who != std::string("strace") || result.is_partial("was ended from outside");
    EXPECT_TRUE(is_told) << result.summary << result.error;
  }
  EXPECT_TRUE(eventually([&] {
    SampleRunner(job("")).result();  // sweeps what a rebus_cell that was killed could not
    return abandoned_cgroups() == 0;
  }));
}

// --- another architecture ---

// As this host is none of that architecture: by qemu-user, and in a machine of its own.
struct Foreign {
  const char* engine;
  bool is_ordinary;
};
class ForeignStrace : public testing::TestWithParam<Foreign> {
 protected:
  const std::string engine_ = GetParam().engine;
  SampleResult run(const std::string& arguments, const std::string& seconds = "30") const {
    const std::string machine = REBUS_SOURCE "/build/arm64";
    EXPECT_TRUE(std::filesystem::exists(machine + "/initrd")) << "tools/arm64_system.sh build/arm64 makes it";
    return SampleRunner({.agent = "strace_aarch64",
                         .bytes = file_bytes(machine + "/root/bin/busybox"),
                         .label = "busybox",
                         .words = "ELF 64-bit LSB executable, ARM aarch64, statically linked",
                         .options = sample_options(arguments, {"engine=" + engine_, "machine=" + machine,
                                                               "seconds=" + seconds, "environment=A=b c"}),
                         .is_ordinary = GetParam().is_ordinary})
        .result();
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, ForeignStrace,
                         testing::Values(Foreign{"user", false}, Foreign{"user", true},
                                         Foreign{"system", true}),
                         [](const auto& suite) {
                           return std::string(suite.param.engine) +
                                  (suite.param.is_ordinary ? "_ordinary" : "_own");
                         });

TEST_P(ForeignStrace, tells_what_a_program_did) {
  auto result = run("wget http://192.0.2.7:8080/x -O /tmp/x");
  ASSERT_EQ(result.error, "");
  auto summary = result.json();
  EXPECT_EQ(summary["architecture"], "aarch64");
  EXPECT_EQ(summary["engine"], engine_);
  EXPECT_EQ(summary["end"], (Json{{"exit", 1}}));
  EXPECT_EQ(summary["partial"], Json::array());
  EXPECT_EQ(summary["network"][0], (Json{{"call", "connect"},
                                         {"family", "AF_INET"},
                                         {"address", "192.0.2.7"},
                                         {"port", "8080"},
                                         {"result", "ENETUNREACH"}}));
  EXPECT_EQ(result.calls({"execve", "socket", "connect", "exit_group"}),
            (Texts{"execve", "socket", "connect", "exit_group"}));
  EXPECT_EQ(result.event_list()[0]["time"], 0);
}

TEST_P(ForeignStrace, gives_arguments_and_environment_and_ends_in_time) {
  auto result = run("sh -c echo\\x20$A\\x20$0;while\\x20:;do\\x20:;done it's", "1");
  ASSERT_EQ(result.error, "");
  EXPECT_EQ(result.json()["output"], "b c it's\\x0a") << result.summary;
  EXPECT_TRUE(result.is_partial("it was ended after 1 s")) << result.summary;
  EXPECT_EQ(result.json()["end"]["killed"], "time");
}

// --- what it takes ---

TEST_P(Strace, fails_on_what_cannot_be_started) {
  const std::string bytes = sample_bytes("dynamic"), loader = "/lib64/ld-linux-x86-64.so.2";
  auto interpreted_by = [&](const std::string& path) {
    auto job = this->job("");
    job.bytes = bytes;
    job.bytes.replace(bytes.find(loader), loader.size(),
                      path + std::string(loader.size() - path.size(), '\0'));
    return job;
  };
  auto too_long = this->job("");
  too_long.bytes = bytes;
  const std::string header("\x03\0\0\0\x04\0\0\0", 8);  // PT_INTERP, readable; its size is 32 bytes further
  too_long.bytes.replace(bytes.find(header) + 32, 3, std::string("\0\0\x10", 3));
  for (const auto& job : {interpreted_by("/lib64/missing.so"), interpreted_by("relative.so"), too_long}) {
    auto result = SampleRunner(job).result();
    EXPECT_NE(result.error.find("it cannot be started: -1 E"), std::string::npos)
        << result.error << result.summary;
  }
  auto itself = SampleRunner(interpreted_by("/proc/self/exe")).result();
  EXPECT_EQ(itself.json()["end"], (Json{{"signal", "SIGSEGV"}})) << itself.error;
}

std::string with_machine(std::string bytes, char machine) {
  bytes[18] = machine;
  return bytes;
}

TEST(Sample, that_is_not_what_its_hash_says_is_not_run) {
  const Value other = Value::of(sample_bytes("static"));
  Descriptor sample = object_of("/binary/elf/x86_64", "sample", "");
  sample.value = Value(std::shared_ptr<const ValueSource>(std::shared_ptr<void>(), &other.source()),
                       other.size(), Value::of("another file").digest());
  sample.file_type.words = SampleJob().words;
  auto run = run_once(*find_agent("strace_x86_64"), sample, sample_options("exit"));
  ASSERT_TRUE(run.error);
  EXPECT_NE(run.error->message.find("is not what its SHA-256 says"), std::string::npos) << run.error->message;
  EXPECT_TRUE(run.pushed.empty());
  sample.value = other;
  EXPECT_FALSE(run_once(*find_agent("strace_x86_64"), sample, sample_options("exit")).error);
}

// --- handlers of this host for programs of others ---

// A kernel that has binfmt_misc for each user namespace is asked for nothing of this host.
TEST(HostHandlers, that_may_run_what_a_sample_brought_are_told) {
  ScratchFolder folder;
  folder.write("outside.sh", R"(set -e
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
echo ':foreign:M::FOREIGN::/usr/bin/echo:F' >/proc/sys/fs/binfmt_misc/register
exec unshare --user --map-user=1000 --map-group=1000 sh inside.sh)");
  folder.write("inside.sh", R"(set -e
trace() { rebus_agent strace_x86_64 --run-samples --arguments "-c $1" inject /usr/bin/dash -- return --raw /strace/summary; }
trace 'printf\x20FOREIGN>/tmp/x;chmod\x20+x\x20/tmp/x;/tmp/x' || test $? = 3
echo
trace '/usr/bin/true;/usr/bin/true')");
  auto done = shell("unshare --user --map-root-user --mount sh outside.sh", folder.path());
  ASSERT_EQ(done.exit_code, 0) << done.err;
  Json brought = Json::parse(done.out.substr(0, done.out.find('\n')), nullptr, false);
  Json own = Json::parse(done.out.substr(done.out.find('\n') + 1), nullptr, false);
  EXPECT_EQ(brought["output"], "/tmp/x\\x0a") << "the handler ran it";
  EXPECT_EQ(
      brought["partial"],
      Json::array({"what it started may have been run by a handler of this host (binfmt_misc: foreign)"}));
  EXPECT_EQ(own["partial"], Json::array()) << "programs of this host need no handler";
}

TEST(HostHandlers, are_those_that_are_enabled) {
  ScratchFolder folder;
  folder.write("status", "enabled\n");
  folder.write("register", "");
  folder.write("b", "enabled\ninterpreter /usr/bin/x\nflags: F\n");
  folder.write("a", "enabled\ninterpreter /usr/bin/x\nflags: \n");
  folder.write("off", "disabled\ninterpreter /usr/bin/x\n");
  EXPECT_EQ(host_handlers(folder.path()), (Texts{"a", "b"}));
  folder.write("status", "disabled\n");
  EXPECT_EQ(host_handlers(folder.path()), Texts());
  EXPECT_EQ(host_handlers(folder.at("nowhere")), Texts());
}

TEST(StraceAgents, take_programs_of_their_architecture_only) {
  auto accepts = [](const char* agent, const std::string& bytes, const std::string& words) {
    SampleJob job{.agent = agent, .bytes = bytes, .words = words, .options = sample_options("")};
    job.options.set("engine", {agent == std::string("strace_x86_64") ? "native" : "user"});
    auto descriptor = object_of("/binary/elf", "x", bytes);
    descriptor.file_type.words = words;
    return SampleRunner(job).result().is_accepted;
  };
  const std::string bytes = sample_bytes("static"), program = "ELF 64-bit LSB executable, x86-64";
  EXPECT_TRUE(accepts("strace_x86_64", bytes, program));
  EXPECT_TRUE(accepts("strace_x86_64", bytes, "ELF 64-bit LSB pie executable, x86-64, dynamically linked"));
  EXPECT_FALSE(accepts("strace_x86_64", bytes, "ELF 64-bit LSB shared object, x86-64"));
  EXPECT_FALSE(accepts("strace_x86_64", bytes, "ELF 64-bit LSB relocatable, x86-64"));
  EXPECT_FALSE(accepts("strace_x86_64", with_machine(bytes, char(183)), program)) << "of aarch64";
  EXPECT_FALSE(accepts("strace_aarch64", bytes, program));
  EXPECT_FALSE(accepts("strace_x86_64", "#!/bin/sh\n", "POSIX shell script, ASCII text executable, x"));
}

TEST(StraceAgents, refuse_to_start_and_say_why) {
  auto refusal = [](const char* agent, const Options& options) {
    Hello hello;
    auto declared = find_agent(agent)->declare(options, hello);
    return declared ? "" : declared.error().message;
  };
  EXPECT_NE(refusal("strace_x86_64", {}).find("say --run-samples"), std::string::npos);
  EXPECT_EQ(refusal("strace_x86_64", sample_options("")), "");
  EXPECT_NE(refusal("strace_aarch64", sample_options("")).find("say --engine user"), std::string::npos);
  EXPECT_NE(refusal("strace_aarch64", sample_options("", {"engine=native"})).find("not aarch64"),
            std::string::npos);
  EXPECT_NE(refusal("strace_x86_64", sample_options("", {"engine=none"})).find("there are native"),
            std::string::npos);
  EXPECT_NE(
      refusal("strace_aarch64", sample_options("", {"engine=user", "machine=/nowhere"})).find("/nowhere"),
      std::string::npos);
  EXPECT_NE(refusal("strace_x86_64", sample_options("", {"seconds=0"})).find("--seconds"), std::string::npos);
  EXPECT_NE(refusal("strace_x86_64", sample_options("", {"environment=X"})).find("NAME=VALUE"),
            std::string::npos);
  const std::string path = std::getenv("PATH");
  ScratchFolder folder;
  setenv("PATH", folder.path().c_str(), 1);
  EXPECT_NE(refusal("strace_x86_64", sample_options("")).find("apt-get install strace"), std::string::npos);
  std::filesystem::create_symlink("/usr/bin/strace", folder.at("strace"));
  EXPECT_NE(refusal("strace_x86_64", sample_options("")).find("apt-get install bubblewrap"),
            std::string::npos);
  setenv("PATH", path.c_str(), 1);
  set_sandbox_level(SandboxLevel::kNone);
  EXPECT_NE(refusal("strace_x86_64", sample_options("")).find("--sandbox none"), std::string::npos);
  set_sandbox_level(SandboxLevel::kRequired);
}

}  // namespace
}  // namespace rebus::strace_test
