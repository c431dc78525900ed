#include "agents/support/antivirus_call.h"

#include "agents/support/clamav_scanner.h"
#include "agents/support/clamd_scanner.h"
#include "agents/support/option_values.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr const char* kDatabase = "/var/lib/clamav";
constexpr uint64_t kMiB = 1 << 20;

Result<Rescan> rescan_named(const std::string& name) {
  if (name.empty() || name == "new") return Rescan::kNew;
  if (name == "clean") return Rescan::kClean;
  if (name == "all") return Rescan::kAll;
  return Error{Code::kInvalid, "--rescan '" + escape(name) + "': new, clean or all"};
}

// The greatest that libclamav takes, and that a task's claim lives for.
struct LimitOption {
  const char* name;
  const char* metavar;
  const char* help;
  uint64_t fallback, most;
};
constexpr LimitOption kLimitOptions[] = {
    {"max-file-size", "MIB", "look at no file, or member of one, that is larger", 100, 2047},
    {"max-scan-size", "MIB", "look at no more of a file and its members together", 400, 4095},
    {"max-files", "N", "look at no more members of a file", 10'000, 1'000'000},
    {"max-recursion", "N", "open no more containers in each other", 17, 100},
    {"max-time", "SECONDS", "look at a file no longer", 120, 240},
};

Result<uint64_t> limit_of(const Options& options, const LimitOption& option) {
  auto number = count_option(options, option.name, option.fallback);
  if (!number) return number.error();
  if (*number >= 1 && *number <= option.most) return number;
  return Error{Code::kInvalid,
               std::string("--") + option.name + " is a number from 1 to " + std::to_string(option.most)};
}

bool is_given(const Options& options, const LimitOption& option) {
  return options.flag(option.name) && options.text(option.name) != std::to_string(option.fallback);
}

}  // namespace

Result<AntivirusCall> AntivirusCall::read(const Options& options) {
  AntivirusCall call;
  call.database = options.text("database").empty() ? kDatabase : options.text("database");
  call.clamd = options.text("clamd");
  auto rescan = rescan_named(options.text("rescan"));
  if (!rescan) return rescan.error();
  call.rescan = *rescan;
  std::vector<uint64_t> numbers;
  for (const LimitOption& option : kLimitOptions) {
    auto number = limit_of(options, option);
    if (!number) return number.error();
    if (!call.clamd.empty() && is_given(options, option))
      return Error{Code::kInvalid,
                   std::string("--") + option.name + ": the limits of clamd are in its clamd.conf"};
    numbers.push_back(*number);
  }
  call.limits = {numbers[0] * kMiB, numbers[1] * kMiB, static_cast<uint32_t>(numbers[2]),
                 static_cast<uint32_t>(numbers[3]), static_cast<uint32_t>(numbers[4])};
  return call;
}

std::unique_ptr<VirusScanner> AntivirusCall::scanner() const {
  if (clamd.empty()) return std::make_unique<ClamavScanner>(database, limits);
  return std::make_unique<ClamdScanner>(clamd);
}

std::vector<OptionSpec> antivirus_options() {
  std::vector<OptionSpec> options = {{.name = "--database",
                                      .metavar = "DIR",
                                      .help = "signatures of ClamAV, as freshclam brings them, or own ones",
                                      .fallback = kDatabase,
                                      .neutral = true},
                                     {.name = "--clamd",
                                      .metavar = "SOCKET",
                                      .help = "ask this daemon: the path of its local socket, or HOST:PORT",
                                      .neutral = true},
                                     {.name = "--rescan",
                                      .metavar = "WHAT",
                                      .help = "with newer signatures look again at: new, clean, all",
                                      .fallback = "new",
                                      .neutral = true}};
  for (const LimitOption& limit : kLimitOptions) {
    options.push_back({.name = std::string("--") + limit.name,
                       .metavar = limit.metavar,
                       .help = limit.help,
                       .fallback = std::to_string(limit.fallback)});
  }
  return options;
}

}  // namespace rebus
