// antivirus: what ClamAV finds in files.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "agents/support/clamav_scanner.h"
#include "agents/support/clamd_scanner.h"
#include "agents/support/option_values.h"
#include "agents/support/scan_verdict.h"
#include "agents/support/utc.h"
#include "bus/agent.h"
#include "descriptor/escape.h"
#include "descriptor/json.h"

namespace rebus {
namespace {

constexpr const char* kAgent = "antivirus";
constexpr const char* kPath = "/antivirus/clamav";
constexpr const char* kDifferencePath = "/antivirus/clamav/difference";
constexpr const char* kDatabase = "/var/lib/clamav";
constexpr uint64_t kMaxResult = 1 << 20;  // bytes
constexpr uint32_t kStateVersion = 1;
constexpr uint64_t kMiB = 1 << 20;

// --- options ---

enum class Rescan { kNew, kClean, kAll };

struct AntivirusCall {
  std::string database = kDatabase;
  std::string clamd;  // empty: an engine of our own
  Rescan rescan = Rescan::kNew;
  ScanLimits limits;

  static Result<AntivirusCall> read(const Options& options);
  std::unique_ptr<VirusScanner> scanner() const {
    if (clamd.empty()) return std::make_unique<ClamavScanner>(database, limits);
    return std::make_unique<ClamdScanner>(clamd);
  }
};

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

Result<AntivirusCall> AntivirusCall::read(const Options& options) {
  AntivirusCall call;
  if (std::string folder = options.text("database"); !folder.empty()) call.database = folder;
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

// --- results ---

int64_t now_ns() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

std::string json_of(const VirusDatabase& database, const std::string& trouble) {
  JsonObject json;
  json.add("version", database.version).add("digest", database.digest);
  if (database.date_ns != 0) json.add("date", utc_text(database.date_ns));
  if (database.signatures != 0) json.add("signatures", database.signatures);
  if (std::string warning = age_warning(database, now_ns()); !warning.empty()) json.add("stale", warning);
  if (!trouble.empty()) json.add("trouble", trouble);
  return json.str();
}

// `version`: how many results of this file there were before. By it the same finding after others is a result
// of its own.
std::string json_of(const ScanVerdict& verdict, const ScanSource& source, uint64_t version) {
  JsonObject json;
  json.add("verdict", verdict.verdict).add("signatures", verdict.signatures);
  if (!verdict.reason.empty()) json.add("reason", verdict.reason);
  if (!verdict.limits.empty()) json.add("limits", verdict.limits);
  json.add_json("engine", JsonObject().add("name", "ClamAV").add("version", source.engine).str());
  json.add_json("database", json_of(source.database, source.trouble));
  if (version > 0) json.add("rescan", version);
  return json.add("sandbox", source.sandbox).str();
}

// What is said in a result that was stored.
struct OldResult {
  uint32_t version = 0;
  std::string json;
  std::string verdict, digest, database;
  std::vector<std::string> signatures;
};

std::string text_at(const nlohmann::json& json, const char* key) {
  auto found = json.is_object() ? json.find(key) : json.end();
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

Result<OldResult> read_result(const Record& record) {
  auto text = record.descriptor.value.load(kMaxResult);
  if (!text) return text.error();
  OldResult old;
  old.version = record.descriptor.version;
  old.json = *std::move(text);
  auto json = nlohmann::json::parse(old.json, nullptr, false);
  old.verdict = text_at(json, "verdict");
  if (!json.is_object()) return old;
  const auto database = json.value("database", nlohmann::json::object());
  old.digest = text_at(database, "digest");
  old.database = text_at(database, "version");
  for (const auto& name : json.value("signatures", nlohmann::json::array())) {
    if (name.is_string()) old.signatures.push_back(unescape(name.get<std::string>()));
  }
  return old;
}

bool is_result(const Record& record) { return record.descriptor.selector.path() == kPath; }

std::vector<std::string> without(const std::vector<std::string>& all, const std::vector<std::string>& those) {
  std::vector<std::string> rest;
  std::copy_if(all.begin(), all.end(), std::back_inserter(rest),
               [&](const auto& name) { return std::find(those.begin(), those.end(), name) == those.end(); });
  return rest;
}

// "" if both say the same of the file.
std::string difference_of(const OldResult& old, const ScanVerdict& verdict, const ScanSource& source,
                          uint64_t version) {
  auto appeared = without(verdict.signatures, old.signatures),
       gone = without(old.signatures, verdict.signatures);
  if (old.verdict == verdict.verdict && appeared.empty() && gone.empty()) return {};
  JsonObject json, from, to;
  from.add("verdict", unescape(old.verdict)).add("database", unescape(old.database));
  to.add("verdict", verdict.verdict).add("database", source.database.version);
  json.add_json("from", from.str()).add_json("to", to.str());
  return json.add("appeared", appeared).add("gone", gone).add("rescan", version).str();
}

// --- the agent ---

class Antivirus final : public Agent {
 public:
  explicit Antivirus(const Setting& setting)
      : call_(AntivirusCall::read(setting.options)), out_(setting.out) {
    if (call_) scanner_ = call_->scanner();
  }

  Result<void> restore(const AgentState& state) override {
    has_bus_ = true;
    known_digest_ = state.version == kStateVersion ? state.bytes : "";
    return {};
  }

  Result<void> process(Work& work) override {
    if (!call_) return call_.error();
    auto ready = scanner_->refresh();
    if (!ready) return unavailable(work, ready.error());
    tell_trouble();
    if (auto asked = look_again(work); !asked) return asked;
    auto old = newest_result(work);
    if (!old) return old.error();
    auto answer = scanner_->scan(work.value());
    if (!answer) return unavailable(work, answer.error());
    return push(work, verdict_of(*answer), *old);
  }

 private:
  static Error unavailable(Work& work, const Error& error) {
    return error.code == Code::kUnavailable ? work.later(error.message) : error;
  }

  void tell_trouble() {
    if (std::exchange(told_trouble_, scanner_->source().trouble) == scanner_->source().trouble) return;
    if (!told_trouble_.empty()) out_.note("antivirus: " + told_trouble_ + "; the one before goes on");
  }

  // With another database: what others were used on is due again, as --rescan says. Instances may ask twice.
  Result<void> look_again(Work& work) {
    const std::string& digest = scanner_->source().database.digest;
    if (!has_bus_ || digest == known_digest_) return {};
    if (call_->rescan != Rescan::kNew) {
      auto asked = ask_again(work, digest);
      if (!asked) return asked;
    }
    known_digest_ = digest;
    return work.keep(kStateVersion, digest);
  }

  Result<void> ask_again(Work& work, const std::string& digest) {
    Find query;
    query.by = By::kRegex;  // newest first
    query.text = std::string(kPath) + "/?%";
    query.domain = work.bus().hello().domain;
    query.all_domains = query.domain == Domain();
    query.agent = kAgent;
    std::unordered_set<Seq> seen = {work.record().seq};
    std::vector<Seq> due;
    Result<void> read;
    auto found = work.bus().for_each(query, [&](const Record& record) {
      if (!is_result(record) || !seen.insert(record.object).second) return true;
      auto old = read_result(record);
      if (old && is_due(*old, digest)) due.push_back(record.object);
      if (!old) read = old.error();
      if (read) read = work.progress();
      return read.ok();
    });
    if (!found || !read) return found ? read : found;
    for (size_t i = 0; i < due.size(); i += kMaxAsked) {
      auto part = std::span(due).subspan(i, std::min(due.size() - i, kMaxAsked));
      auto asked = work.bus().ask(kAgent, {part.begin(), part.end()}, true);
      if (!asked) return asked.error();
    }
    return {};
  }

  bool is_due(const OldResult& old, const std::string& digest) const {
    return old.digest != digest && (call_->rescan == Rescan::kAll || old.verdict != "found");
  }

  Result<std::optional<OldResult>> newest_result(Work& work) const {
    std::optional<OldResult> newest;
    if (!has_bus_) return newest;
    Find query;
    query.by = By::kChildren;
    query.seq = work.record().seq;
    query.agent = kAgent;
    Result<void> read;
    auto found = work.bus().for_each(query, [&](const Record& record) {
      if (!is_result(record) || (newest && record.descriptor.version < newest->version)) return true;
      auto old = read_result(record);
      if (!old) return read = old.error(), false;
      newest = *std::move(old);
      return true;
    });
    if (!found || !read) return found ? read.error() : found.error();
    return newest;
  }

  Result<void> push(Work& work, const ScanVerdict& verdict, const std::optional<OldResult>& old) {
    const ScanSource& source = scanner_->source();
    if (old && json_of(verdict, source, old->version) == old->json) return {};  // as it was
    const uint32_t version = old ? old->version + 1 : 0;
    auto pushed = push_version(work, kPath, json_of(verdict, source, version), version);
    std::string difference = old ? difference_of(*old, verdict, source, version) : "";
    if (pushed && !difference.empty())
      pushed = push_version(work, kDifferencePath, std::move(difference), version);
    if (!pushed || !verdict.is_incomplete()) return pushed;
    JsonObject limit;
    limit.add("reason", "ClamAV has not looked at all of it: " + verdict.reason);
    return work.push(std::string(kLimitPath) + "/antivirus", limit.str(), Kind::kStructured);
  }

  static Result<void> push_version(Work& work, const char* path, std::string json, uint32_t version) {
    NewDescriptor item;
    item.descriptor =
        make_child(work.descriptor(), kAgent, path, Value::of(std::move(json)), Kind::kStructured);
    item.descriptor.version = version;
    return work.push(std::move(item));
  }

  Result<AntivirusCall> call_;
  Output& out_;
  std::unique_ptr<VirusScanner> scanner_;
  bool has_bus_ = false;
  std::string known_digest_;  // of the database to which --rescan was applied
  std::string told_trouble_;
};

Result<void> declare(const Options& options, Hello&) {
  auto call = AntivirusCall::read(options);
  return call ? call->scanner()->refresh() : call.error();
}

constexpr const char* kHelp =
    R"(Takes every file and gives /antivirus/clamav, in JSON: what ClamAV says of it, in one of five words.

  found      it, or something in it, is known malware: "signatures" has all the names. More may be in what was not seen
  clean      nothing is known of it, and all of it was looked at
  encrypted  nothing was found, and something in it cannot be opened without a password
  partial    nothing was found, but a limit was reached, or the engine could not go on: "reason" says which. A file
             that is not whole is never called clean; /limit/antivirus stands beside it, and the exit code is 3
  error      the engine gave up: "reason" says why; /limit/antivirus and exit code as before

Versions of engine and signatures, and the sandbox that it ran in, stand on each result. Members of archives are found by
ClamAV itself, and again one by one where unarchive takes them out, so what is too deep for ClamAV is not lost.

The engine is libclamav, in processes in a cage (docs/security.md; program rebus_clamav, beside rebus_agent), which share
one load of the signatures. These are the system's; freshclam brings them up to date. Without any, or with damaged ones,
the agent does not start. Newer ones are taken when the next file comes, and what is under way is finished with the old
ones; ones that cannot be used are told, and the old ones stay. Signatures more than a week old are called "stale".

With newer signatures --rescan looks again at what is stored: at nothing (new), at all in which nothing was found
(clean), or at everything (all), when the next file comes, also after a restart. What is found then is a new version of
the result, and where it differs /antivirus/clamav/difference says how.

With --clamd a daemon is asked instead: over its local socket it is handed the open file, else sent the bytes. It must
say when it has not seen all of a file, which is tried out at the start: clamd.conf needs AlertExceedsMax and
AlertEncrypted. Its limits are in its clamd.conf. What can be done to it by a hostile file is up to whoever runs it.

Examples:
  rebus_agent antivirus unarchive inject apt1.tgz -- return --short /antivirus/clamav
  rebus_agent antivirus --database ./signatures inject samples/* -- return --raw /antivirus/clamav
  rebus_agent --bus zmq antivirus --rescan clean --jobs 4
  rebus_agent --bus zmq ls --regex /antivirus/clamav/difference)";

}  // namespace

extern const AgentSpec antivirus_agent;
const AgentSpec antivirus_agent = {
    .name = kAgent,
    .summary = "look for malware with ClamAV",
    .help = kHelp,
    .role = Role::kConsumer,
    .prefixes = {"/"},
    .objects_only = true,
    .yields = {kPath, std::string(kLimitPath)},
    .keeps_state = true,
    .options =
        [] {
          std::vector<OptionSpec> options = {
              {.name = "--database",
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
        }(),
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> {
      return std::make_unique<Antivirus>(setting);
    },
    .declare = declare,
};

}  // namespace rebus
