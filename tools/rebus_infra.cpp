// rebus_infra: a master and stages of agents as processes, from one file.
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "descriptor/escape.h"
#include "tools/bound_exec.h"
#include "tools/infra.h"
#include "tools/infra_config.h"
#include "tools/infra_help.h"
#include "tools/option_parser.h"
#include "tools/page.h"
#include "tools/process_limits.h"
#include "tools/program.h"
#include "tools/settings_file.h"
#include "tools/suggestion.h"

namespace rebus {
namespace {

constexpr size_t kMostMistakes = 100;  // that are printed

const std::vector<OptionSpec>& infra_options() {
  static const std::vector<OptionSpec> kOptions = {
      {.name = "--check"}, {.name = "--version"}, {.name = "-h,--help"}};
  return kOptions;
}

int fail(const std::string& message, int code) {
  std::fprintf(stderr, "rebus_infra: %s\n", message.c_str());
  return code;
}

int refuse(const std::string& message) {
  return fail(message + " (`rebus_infra --help` tells how to call it)", ExitStatus::kUsage);
}

struct Call {
  Options options;
  std::string file;
};

Result<Call> read_call(std::span<const std::string> words) {
  OptionParser parser("rebus_infra", infra_options());
  Tokens tokens(words);
  Call call;
  while (!tokens.empty()) {
    if (!looks_like_option(tokens.front())) {
      if (!call.file.empty()) return Error{Code::kInvalid, "one file of settings is enough"};
      call.file = tokens.take();
      continue;
    }
    if (!parser.knows(tokens.front())) {
      return Error{Code::kInvalid,
                   "no option " + escape(tokens.front()) + did_you_mean(tokens.front(), parser.names())};
    }
    if (auto taken = parser.take(tokens); !taken) return taken.error();
  }
  call.options = parser.options();
  return call;
}

void print_mistakes(const std::string& file, const std::vector<Mistake>& mistakes) {
  for (size_t i = 0; i < std::min(mistakes.size(), kMostMistakes); i++) {
    const Mistake& mistake = mistakes[i];
    std::string key = mistake.key.empty() ? "" : mistake.key + ": ";
    std::fprintf(stderr, "%s:%d:%d: %s%s\n", escape(file).c_str(), mistake.place.line, mistake.place.column,
                 key.c_str(), mistake.what.c_str());
  }
  std::fprintf(stderr, "rebus_infra: %s in %s: nothing is started\n",
               counted(mistakes.size(), "mistake").c_str(), escape(file).c_str());
}

// Whether some master has the store now. It locks the directory.
bool is_in_use(const std::string& store) {
  int fd = store.empty() ? -1 : open(store.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  bool is_locked = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  close(fd);
  return is_locked;
}

std::string program_folder() {
  std::array<char, 4096> path{};
  ssize_t size = readlink("/proc/self/exe", path.data(), path.size() - 1);
  return std::filesystem::path(std::string(path.data(), size < 0 ? 0 : static_cast<size_t>(size)))
      .parent_path();
}

void block_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  sigset_t awaited;
  sigemptyset(&awaited);
  for (int number : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) sigaddset(&awaited, number);
  pthread_sigmask(SIG_BLOCK, &awaited, nullptr);
}

int check(const std::string& file, const InfraConfig& config, bool is_store_busy) {
  size_t agents = 0;
  for (const auto& stage : config.stages) agents += stage.size();
  std::string note = is_store_busy ? "; a master has its store now" : "";
  return print_page(escape(file) + ": " + (config.master ? "a master, " : "no master, ") +
                    counted(config.stages.size(), "stage") + ", " + counted(agents, "agent") + note + "\n");
}

int run(std::span<const std::string> words) {
  auto call = read_call(words);
  if (!call) return refuse(call.error().message);
  if (call->options.flag("help")) return print_page(infra_page());
  if (call->options.flag("version")) return print_page("rebus " REBUS_VERSION "\n");
  if (call->file.empty()) return refuse("no file of settings given");
  auto text = read_settings(call->file);
  if (!text) return fail(text.error().message, ExitStatus::kUsage);
  std::vector<Mistake> mistakes;
  InfraConfig config = read_infra_config(*text, all_agents(), mistakes);
  if (!mistakes.empty()) {
    print_mistakes(call->file, mistakes);
    return ExitStatus::kUsage;
  }
  bool is_store_busy = is_in_use(config.store);
  if (call->options.flag("check")) return check(call->file, config, is_store_busy);
  if (is_store_busy) {
    return fail(escape(config.store) + " is in use by another master: nothing is started",
                ExitStatus::kUnavailable);
  }
  set_process_limits();
  block_signals();
  spdlog::set_level(
      spdlog::level::off);  // of the session that watches the bus: the launcher has its own words
  std::string title = escape(std::filesystem::path(call->file).filename().string());
  return Infra(std::move(config), title, program_folder()).run();
}

}  // namespace
}  // namespace rebus

int main(int argc, char** argv) {
  if (rebus::is_bound_call(argc, argv)) return rebus::run_bound(argv);
  return rebus::run_program("rebus_infra",
                            [&] { return rebus::run(std::vector<std::string>(argv + 1, argv + argc)); });
}
