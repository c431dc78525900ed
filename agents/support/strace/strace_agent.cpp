#include "agents/support/strace/strace_agent.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <sstream>

#include "agents/support/child_program.h"
#include "agents/support/linux_program.h"
#include "agents/support/option_values.h"
#include "agents/support/sandbox/sandbox_level.h"
#include "agents/support/sandbox/told_layers.h"
#include "agents/support/strace/guest_machine.h"
#include "agents/support/strace/sample_run.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr uint64_t kUsualSeconds = 30,
                   kMostSeconds = 240;  // an instance of which nothing is heard loses its task

constexpr uint64_t kUsualTrace = 64, kMostTrace = 4096;  // MiB

std::string host_architecture() {
  utsname host{};
  return uname(&host) == 0 ? host.machine : "";
}

Error not_enabled() {
  return {Code::kInvalid,
          "this agent runs the samples, in a sandbox: say --run-samples if this host is one for that"};
}

Result<SampleEngine> engine_of(const SampleArchitecture& architecture, const std::string& name) {
  const bool is_own = host_architecture() == architecture.name;
  if (name.empty() && is_own) return SampleEngine::kNative;
  if (name.empty())
    return Error{Code::kInvalid, "this host is " + escape(host_architecture()) + " and not " +
                                     architecture.name +
                                     ": say --engine user if they are to be run by qemu-user, or --engine "
                                     "system for a virtual machine"};
  if (name == "native" && is_own) return SampleEngine::kNative;
  if (name == "native")
    return Error{Code::kInvalid, "--engine native: this host is " + escape(host_architecture()) + ", not " +
                                     architecture.name};
  if (name == "user") return SampleEngine::kUser;
  if (name == "system" && architecture.name == std::string("aarch64")) return SampleEngine::kSystem;
  if (name == "system") return Error{Code::kInvalid, "--engine system: there is a machine for aarch64 only"};
  return Error{Code::kInvalid, "--engine: no '" + escape(name) + "': there are native, user and system"};
}

// Of the folder, else that of the host's package.
Result<std::string> qemu_of(const SampleArchitecture& architecture, const std::string& folder) {
  std::string program = std::string("qemu-") + architecture.name + "-static";
  program = (folder.empty() ? "/usr/bin" : folder) + "/" + program;
  if (access(program.c_str(), X_OK) == 0) return program;
  return Error{Code::kUnavailable, "there is no " + escape(program) +
                                       ", which runs them: tools/arm64_system.sh FOLDER gets one, --machine "
                                       "FOLDER names it (or: apt-get install qemu-user-static)"};
}

Result<SampleSetting> setting_of(const SampleArchitecture& architecture, const Options& options) {
  SampleSetting setting{.architecture = architecture.name};
  auto engine = engine_of(architecture, options.text("engine"));
  if (!engine) return engine.error();
  setting.engine = *engine;
  setting.machine = options.text("machine");
  if (*engine == SampleEngine::kUser) {
    auto qemu = qemu_of(architecture, setting.machine);
    if (!qemu) return qemu.error();
    setting.qemu = *qemu;
    setting.system = setting.machine.empty() ? "/nonexistent" : setting.machine + "/root";
  }
  auto machine = *engine == SampleEngine::kSystem ? check_machine(setting.machine) : Result<void>();
  if (!machine) return machine.error();
  auto seconds = count_option(options, "seconds", kUsualSeconds);
  if (!seconds) return seconds.error();
  if (*seconds < 1 || *seconds > kMostSeconds)
    return Error{Code::kInvalid, "--seconds: from 1 to " + std::to_string(kMostSeconds)};
  setting.time = std::chrono::seconds(*seconds);
  auto mebibytes = count_option(options, "trace-mib", kUsualTrace);
  if (!mebibytes) return mebibytes.error();
  if (*mebibytes < 1 || *mebibytes > kMostTrace)
    return Error{Code::kInvalid, "--trace-mib: from 1 to " + std::to_string(kMostTrace)};
  setting.most_trace = *mebibytes << 20;
  std::istringstream words(options.text("arguments"));
  for (std::string word; words >> word;) setting.arguments.push_back(unescape(word));
  for (const std::string& variable : options.list("environment")) {
    if (variable.find('=') == variable.npos || variable.front() == '=')
      return Error{Code::kInvalid, "--environment: '" + escape(variable) + "' is not NAME=VALUE"};
    setting.environment.push_back(variable);
  }
  setting.input = unescape(options.text("stdin"));
  return setting;
}

// Programs, not libraries or objects: of the file itself, and of libmagic's words for it.
class StraceAgent final : public Agent {
 public:
  StraceAgent(SampleArchitecture architecture, SampleSetting setting)
      : architecture_(architecture), setting_(std::move(setting)) {}

  bool accepts(Work& work) override {
    return is_linux_program(work.descriptor().file_type) && is_of_architecture(work.value());
  }

  Result<void> process(Work& work) override { return run_sample(work, setting_); }

 private:
  // System V ABI, "ELF header": 64 bits, little-endian; ET_EXEC or ET_DYN.
  bool is_of_architecture(const Value& value) const {
    std::array<uint8_t, 20> head{};
    auto size = value.read_at(0, head);
    if (!size || *size != head.size()) return false;
    auto number = [&](size_t at) { return static_cast<uint16_t>(head[at] | head[at + 1] << 8); };
    bool is_kind = head[4] == 2 && head[5] == 1 && (number(16) == 2 || number(16) == 3);
    return is_kind && number(18) == architecture_.machine;
  }

  const SampleArchitecture architecture_;
  const SampleSetting setting_;
};

}  // namespace

std::string strace_help(const SampleArchitecture& architecture) {
  return std::string("Takes programs, ELF files for ") + architecture.name +
         R"(, RUNS THEM in a sandbox and gives what they did: /strace/summary (JSON: how it ended, files,
network attempts, processes, signals, attempts to get out, and under "partial" what is not whole; then /limit/strace stands
beside it, and the exit code of a chain is 3), /strace/events (a line
of JSON for each system call, signal and end) and /strace/raw (the lines of strace). It does so only with --run-samples.

The sandbox is that of docs/security.md: of this host's files a sample sees /usr, it can write to 64 MiB of /tmp, has 1 GiB
of memory, 64 processes, and a network that leads nowhere: what it tries to reach is recorded. strace (Debian:
apt-get install strace bubblewrap) stands outside of it. A sample may notice that it is traced.

--engine native runs them on this processor. On another one the choice is the operator's: --engine user has
qemu-user (Debian: qemu-user-static) run them inside the sandbox, with strace around it: the trace is of what qemu asks of the
kernel, so some of it is its own; libraries are looked for in the root of --machine only, and nothing else of this host is there.
A program of that architecture that a sample starts fails there. --engine system has a virtual machine run each sample, with a
kernel of that architecture and strace in it (Debian: qemu-system-arm; tools/arm64_system.sh makes the --machine): all is decoded, nothing
is qemu's own, and it takes some seconds more; a sample that takes over the kernel of the machine could write the trace itself.

Examples:
  rebus_agent strace_)" +
         architecture.name + R"( --run-samples inject suspicious -- return /strace/summary
  rebus_agent strace_)" +
         architecture.name +
         R"( --run-samples --seconds 60 --arguments '-d /tmp/x' inject suspicious -- return --raw /strace/events)";
}

std::vector<OptionSpec> strace_options() {
  return {{.name = "--run-samples", .help = "run what is analysed; without it the agent refuses to start"},
          {.name = "--engine", .metavar = "NAME", .help = "who runs them: native, user, system"},
          {.name = "--seconds", .metavar = "N", .help = "then all of a sample is killed", .fallback = "30"},
          {.name = "--trace-mib",
           .metavar = "N",
           .help = "a sample is killed when its trace has so many MiB",
           .fallback = "64"},
          {.name = "--arguments", .metavar = "WORDS", .help = "of the sample; separated by spaces"},
          {.name = "--stdin", .metavar = "TEXT", .help = "its standard input; \\x0a is a newline"},
          {.name = "--environment",
           .metavar = "LIST",
           .help = "NAME=VALUE, more than PATH and HOME",
           .list = true},
          {.name = "--machine",
           .metavar = "FOLDER",
           .help = "--engine user, system: what tools/arm64_system.sh FOLDER made"}};
}

Result<void> declare_strace(const SampleArchitecture& architecture, const Options& options, Hello& hello) {
  if (!options.flag("run-samples")) return not_enabled();
  auto setting = setting_of(architecture, options);
  if (!setting) return setting.error();
  if (sandbox_level() == SandboxLevel::kNone)
    return Error{Code::kInvalid, "with --sandbox none no sample is run: it would be run as what you are"};
  if (setting->engine != SampleEngine::kSystem && !is_installed("strace"))
    return Error{Code::kUnavailable, "there is no strace in $PATH (Debian: apt-get install strace)"};
  if (setting->engine == SampleEngine::kSystem) return tell_sandbox(hello, check_cell());
  auto tracing = check_tracing();
  auto cell = tell_sandbox(hello, check_cell());  // what is missing for that has better words
  return cell ? tracing : cell;
}

std::unique_ptr<Agent> make_strace(const SampleArchitecture& architecture, const Options& options) {
  auto setting = setting_of(architecture, options);
  return std::make_unique<StraceAgent>(architecture, setting ? *std::move(setting) : SampleSetting{});
}

}  // namespace rebus
