// antivirus: what ClamAV finds in files.
#include <algorithm>
#include <unordered_set>

#include "agents/support/antivirus_call.h"
#include "agents/support/sandbox/told_layers.h"
#include "agents/support/scan_result.h"
#include "descriptor/json.h"

namespace rebus {
namespace {

constexpr const char* kAgent = "antivirus";
constexpr const char* kPath = "/antivirus/clamav";
constexpr const char* kDifferencePath = "/antivirus/clamav/difference";
constexpr uint32_t kStateVersion = 1;
constexpr std::chrono::seconds kLookEvery{5};  // at the folder of the signatures, while no file comes

bool is_result(const Record& record) { return record.descriptor.selector.path() == kPath; }

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

  // One file is enough: when it comes, with it come the others (look_again()).
  Result<void> look_around(Bus& bus) override {
    if (!call_ || call_->rescan == Rescan::kNew) return {};
    auto ready = scanner_->refresh();
    if (!ready) return ready;
    tell_trouble();
    const std::string& digest = scanner_->source().database.digest;
    if (digest == known_digest_ || digest == asked_digest_) return {};
    auto due = due_files(bus, digest, 0, [] { return Result<void>(); });
    if (!due) return due.error();
    auto asked = due->empty() ? Result<Asked>(Asked()) : bus.ask(kAgent, {due->front()}, true);
    if (!asked) return asked.error();
    asked_digest_ = digest;
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
    auto due = due_files(work.bus(), digest, work.record().seq, [&] { return work.progress(); });
    if (!due) return due.error();
    for (size_t i = 0; i < due->size(); i += kMaxAsked) {
      auto part = std::span(*due).subspan(i, std::min(due->size() - i, kMaxAsked));
      auto asked = work.bus().ask(kAgent, {part.begin(), part.end()}, true);
      if (!asked) return asked.error();
    }
    return {};
  }

  // Files that were looked at with another database, but for `known`; newest first.
  Result<std::vector<Seq>> due_files(Bus& bus, const std::string& digest, Seq known,
                                     const std::function<Result<void>()>& alive) const {
    Find query;
    query.by = By::kRegex;  // newest first
    query.text = std::string(kPath) + "/?%";
    query.domain = bus.hello().domain;
    query.all_domains = query.domain == Domain();
    query.agent = kAgent;
    std::unordered_set<Seq> seen = {known};
    std::vector<Seq> due;
    Result<void> read;
    auto found = bus.for_each(query, [&](const Record& record) {
      if (!is_result(record) || !seen.insert(record.object).second) return true;
      auto old = StoredScan::read(record);
      if (old && is_due(*old, digest)) due.push_back(record.object);
      if (!old) read = old.error();
      if (read) read = alive();
      return read.ok();
    });
    if (!found || !read) return found ? read.error() : found.error();
    return due;
  }

  bool is_due(const StoredScan& old, const std::string& digest) const {
    return old.digest != digest && (call_->rescan == Rescan::kAll || old.verdict != "found");
  }

  Result<std::optional<StoredScan>> newest_result(Work& work) const {
    std::optional<StoredScan> newest;
    if (!has_bus_) return newest;
    Find query;
    query.by = By::kChildren;
    query.seq = work.record().seq;
    query.agent = kAgent;
    Result<void> read;
    auto found = work.bus().for_each(query, [&](const Record& record) {
      if (!is_result(record) || (newest && record.descriptor.version < newest->version)) return true;
      auto old = StoredScan::read(record);
      if (!old) return read = old.error(), false;
      newest = *std::move(old);
      return true;
    });
    if (!found || !read) return found ? read.error() : found.error();
    return newest;
  }

  Result<void> push(Work& work, const ScanVerdict& verdict, const std::optional<StoredScan>& old) {
    const ScanSource& source = scanner_->source();
    if (old && scan_result_json(verdict, source, old->version) == old->json) return {};  // as it was
    const uint32_t version = old ? old->version + 1 : 0;
    auto pushed = push_version(work, kPath, scan_result_json(verdict, source, version), version);
    std::string difference = old ? old->difference_to(verdict, source, version) : "";
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
  std::string asked_digest_;  // of the one for which a file was asked for while there was nothing to do
  std::string told_trouble_;
};

// In which sandbox a daemon works is not known.
Result<void> declare(const Options& options, Hello& hello) {
  auto call = AntivirusCall::read(options);
  if (!call) return call.error();
  auto scanner = call->scanner();
  auto ready = scanner->refresh();
  return ready && call->clamd.empty() ? tell_sandbox(hello, told_cage(scanner->source().sandbox)) : ready;
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
(clean), or at everything (all): when the next file comes, or seconds later if none does, also after a restart. What is found then is a new version of
the result, and where it differs /antivirus/clamav/difference says how. request_processing --force does it at once.

With --clamd a daemon is asked instead: over its local socket it is handed the open file, else sent the bytes. It must
say when it has not seen all of a file, which is tried out at the start: clamd.conf needs AlertExceedsMax and
AlertEncrypted. Its limits are in its clamd.conf; what it cuts off without a word, as large members of zip files, only an
engine of our own can be seen to do. What can be done to it by a hostile file is up to whoever runs it.

Examples:
  rebus_agent antivirus unarchive inject apt1.tgz -- return --short /antivirus/clamav
  rebus_agent antivirus --database ./signatures inject samples/* -- return --raw /antivirus/clamav
  rebus_agent --bus zmq antivirus --rescan clean --jobs 4
  rebus_agent --bus zmq ls /antivirus/clamav/difference)";

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
    .looks_every = kLookEvery,
    .options = antivirus_options(),
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> {
      return std::make_unique<Antivirus>(setting);
    },
    .declare = declare,
};

}  // namespace rebus
