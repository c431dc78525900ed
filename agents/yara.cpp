// yara: which YARA rules match a file.
#include <algorithm>
#include <cctype>
#include <map>

#include "agents/support/option_values.h"
#include "agents/support/own_versions.h"
#include "agents/support/sandbox/told_layers.h"
#include "agents/support/yara_scanner.h"
#include "bus/agent.h"
#include "descriptor/escape.h"
#include "descriptor/json.h"

namespace rebus {
namespace {

constexpr const char* kAgent = "yara";
constexpr const char* kPath = "/yara";
constexpr uint64_t kTime = 60, kMostTime = 240;  // seconds; a task's claim lives for 300
constexpr size_t kShown = 32;                    // bytes of a string, where it occurs

constexpr size_t kMostName = 128;  // bytes of an external variable; YARA's own limit
// What public sets of rules ask for.
constexpr const char* kUsualVariables[] = {"filename", "filepath", "extension", "filetype", "owner"};

// --- options ---

bool is_variable_name(std::string_view name) {
  auto is_good = [](char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0; };
  return !name.empty() && name.size() <= kMostName &&
         std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
         std::all_of(name.begin(), name.end(), is_good);
}

struct YaraCall {
  std::vector<std::string> rules;
  std::chrono::seconds time{kTime};
  std::map<std::string, std::string> defined;  // by --define

  static Result<YaraCall> read(const Options& options) {
    auto time = count_option(options, "timeout", kTime);
    if (!time) return time.error();
    if (*time < 1 || *time > kMostTime)
      return Error{Code::kInvalid, "--timeout is a number of seconds from 1 to " + std::to_string(kMostTime)};
    YaraCall call{options.list("rules"), std::chrono::seconds(*time), {}};
    for (const std::string& word : options.list("define")) {
      const std::string name = word.substr(0, word.find('='));
      if (name.size() == word.size() || !is_variable_name(name))
        return Error{Code::kInvalid, "--define is NAME=VALUE, not '" + escape(word) + "'"};
      call.defined[name] = word.substr(name.size() + 1);
    }
    if (call.rules.empty())
      return Error{Code::kInvalid, "yara has no rules: name files or folders of them with --rules"};
    return call;
  }

  Result<std::unique_ptr<YaraScanner>> scanner() const {
    std::vector<RuleVariable> variables;
    for (const auto& [name, text] : defined) variables.push_back({name, text});
    for (const char* name : kUsualVariables)
      if (!defined.contains(name)) variables.push_back({name, ""});
    auto read = YaraRules::read(rules, variables);
    return read ? YaraScanner::make(*std::move(read), time) : read.error();
  }

  // What a file gives them: what it is called, where, and the suffix with its point, in lower case.
  std::vector<RuleVariable> variables_of(const std::string& label) const {
    const size_t end = label.find_last_of("/:\\");  // of its folder, or of the archive that it is in
    const std::string name = label.substr(end == label.npos ? 0 : end + 1);
    std::string suffix = name.substr(std::min(name.rfind('.'), name.size()));
    for (char& c : suffix) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    std::vector<RuleVariable> variables = {{"filename", name},
                                           {"filepath", label.substr(0, end == label.npos ? 0 : end)},
                                           {"extension", suffix}};
    std::erase_if(variables, [&](const RuleVariable& variable) { return defined.contains(variable.name); });
    return variables;
  }
};

// --- results ---

std::string json_of(const RuleMeta& meta) {
  if (meta.type == RuleMeta::Type::kNumber) return std::to_string(meta.number);
  if (meta.type == RuleMeta::Type::kTruth) return meta.number != 0 ? "true" : "false";
  return json_string(meta.text);
}

// A name may stand there several times: then it has a list.
std::string json_of(const std::vector<RuleMeta>& metas) {
  std::map<std::string, std::vector<std::string>> all;
  for (const RuleMeta& meta : metas) all[meta.name].push_back(json_of(meta));
  JsonObject json;
  for (const auto& [name, values] : all)
    json.add_json(name, values.size() == 1 ? values.front() : json_array(values));
  return json.str();
}

Result<std::string> json_of(const StringPlace& place, const Value& value) {
  std::string bytes(std::min<uint64_t>(place.size, kShown), '\0');
  auto count = value.read_at(place.offset, {reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()});
  if (!count) return count.error();
  bytes.resize(*count);
  JsonObject json;
  json.add("name", place.name).add("offset", place.offset).add("length", place.size).add("data", bytes);
  return json.str();
}

Result<std::string> json_of(const RuleMatch& match, const Value& value) {
  std::vector<std::string> places;
  for (const StringPlace& place : match.places) {
    auto json = json_of(place, value);
    if (!json) return json;
    places.push_back(*std::move(json));
  }
  JsonObject json;
  json.add("name", match.name).add("namespace", match.space).add("tags", match.tags);
  json.add_json("meta", json_of(match.metas)).add_json("strings", json_array(places));
  if (match.more_places > 0) json.add("more_strings", match.more_places);
  return json.str();
}

struct Shortcomings {
  std::vector<std::string> limits;  // that were reached
  std::string reason;               // for people

  void add(const char* limit, const std::string& why) {
    limits.emplace_back(limit);
    reason += (reason.empty() ? "" : "; ") + why;
  }
};

Shortcomings shortcomings_of(const RuleAnswer& answer, const Value& value, std::chrono::seconds time) {
  Shortcomings all;
  if (value.size() > YaraScanner::kMostBytes)
    all.add("size",
            "only its first " + std::to_string(YaraScanner::kMostBytes >> 20) + " MiB were looked at");
  if (answer.is_out_of_time)
    all.add("time", "not all rules were tried within " + std::to_string(time.count()) +
                        " s: --timeout gives them more");
  if (answer.is_out_of_memory) all.add("memory", "there was not memory enough to try all rules");
  if (answer.is_too_complex)
    all.add("complexity", "the regular expression " + escape(answer.complex) +
                              " is too complex for it, and no rule was tried to its end");
  for (const std::string& string : answer.busy)
    all.add("matches", "the string " + escape(string) + " occurs more than " + std::to_string(kMostMatches) +
                           " times, and was not looked for any further");
  if (answer.has_more_rules) all.add("rules", "more rules match than are told");
  return all;
}

std::string verdict_of(const RuleAnswer& answer, const Shortcomings& shortcomings) {
  if (!answer.rules.empty()) return "found";
  if (!shortcomings.limits.empty()) return "partial";
  return answer.error != 0 ? "error" : "clean";
}

// --- the agent ---

class Yara final : public Agent {
 public:
  explicit Yara(const Options& options) : call_(YaraCall::read(options)) {}

  Result<void> process(Work& work) override {
    auto ready = prepare();
    auto answer =
        ready ? scanner_->scan(work.value(), call_->variables_of(work.descriptor().label)) : ready.error();
    if (!answer && answer.error().code == Code::kUnavailable) return work.later(answer.error().message);
    return answer ? push(work, *answer) : answer.error();
  }

 private:
  Result<void> prepare() {
    if (scanner_) return {};
    if (!call_) return call_.error();
    auto made = call_->scanner();
    if (!made) return made.error();
    scanner_ = *std::move(made);
    return {};
  }

  Result<void> push(Work& work, const RuleAnswer& answer) const {
    std::vector<std::string> rules;
    for (const RuleMatch& match : answer.rules) {
      auto rule = json_of(match, work.value());
      if (!rule) return rule.error();
      rules.push_back(*std::move(rule));
    }
    Shortcomings lacks = shortcomings_of(answer, work.value(), call_->time);
    const std::string verdict = verdict_of(answer, lacks);
    if (answer.error != 0) lacks.add("error", "YARA gave up with its error " + std::to_string(answer.error));
    JsonObject json;
    json.add("verdict", verdict).add_json("rules", json_array(rules)).add_json("engine", engine());
    json.add("sandbox", scanner_->layers());
    if (!lacks.limits.empty()) json.add("reason", lacks.reason).add("limits", lacks.limits);
    auto versions = OwnVersions::below(work.bus(), work.record(), kAgent, kPath);
    if (!versions) return versions.error();
    auto item = versions->next(work.descriptor(), Value::of(json.str()), Kind::kStructured);
    if (!item) return {};  // as it was
    item->descriptor.label = work.descriptor().label;
    auto pushed = work.push(*std::move(item));
    if (!pushed || lacks.limits.empty()) return pushed;
    JsonObject limit;
    limit.add("reason", "YARA has not looked at all of it: " + lacks.reason);
    return work.push(std::string(kLimitPath) + kPath, limit.str(), Kind::kStructured);
  }

  std::string engine() const {
    const RuleSource& source = scanner_->source();
    JsonObject rules, json;
    rules.add("sha256", source.digest).add("count", source.rules);
    json.add("name", "YARA").add("version", source.version).add_json("rules", rules.str());
    return json.str();
  }

  const Result<YaraCall> call_;
  std::unique_ptr<YaraScanner> scanner_;
};

Result<void> declare(const Options& options, Hello& hello) {
  auto call = YaraCall::read(options);
  auto scanner = call ? call->scanner() : call.error();
  auto started = scanner ? (*scanner)->start() : scanner.error();
  if (started) started = tell_sandbox(hello, told_cage((*scanner)->layers()));
  return started ? declare_prefixes(options, hello) : started;
}

constexpr const char* kHelp =
    R"(Takes every file (--selector-prefix: some) and gives /yara, in JSON: which rules match it, in one of four words.

  found    some do: "rules" has of each its name, namespace, tags and metadata, and where its strings occur, with their
           first 32 bytes: 50 places of a string, the number of others is "more_strings"
  clean    none does, and all were tried on all of it
  partial  none does, but a limit was reached: "reason" says which, "limits" in one word: time, memory, size (256 MiB are
           looked at), matches (of a string, a million are counted), complexity (of a regular expression). Of what is
           found a limit is told likewise
  error    YARA gave up: "reason" says why

Wherever a limit was reached, or YARA gave up, /limit/yara stands beside it, and the exit code is 3. A file that ends the
process that looks at it counts as failed.

--rules names files and folders, in which names end in .yar, .yara or .yarc: texts, or rules compiled by yarac of the same
version. Each text is in a namespace of its name in its folder, so that rules of different files may have the same name;
what refers to rules of another file includes it. With a wrong one among them the agent does not start, and says in which
line it is. They are read when the agent starts: start it again for new ones. On each result stand the version of YARA
and, of the rules, how many there are and the SHA-256 over their files in the order in which they are read (of one file:
what sha256sum prints). What is stored is matched again, with a new version of the result where it differs, by

  rebus_agent --bus zmq request_processing --force default /binary/elf/%5eaf5491... yara

libyara is in processes in a cage (docs/security.md; program rebus_yara, beside rebus_agent). What its modules know of PE,
ELF, .NET and so on is there; of the module cuckoo there is nothing to know.

External variables that public sets of rules ask for are defined: filename, filepath and extension (such as ".exe", in
lower case) are of the name under which a file became known first, in its archive if it came out of one; filetype and
owner are empty. A rule that depends on a name sees this one only. --define gives these, and others, one value for all
files, as `yara -d` does: an integer, a number with a point, true or false are what they look like, else it is a text.
Compiled rules bring their own; of these, filename, filepath and extension are set.

Examples:
  rebus_agent yara --rules ./rules unarchive inject apt1.tgz -- return --short /yara
  rebus_agent --bus zmq yara --rules /etc/rebus/yara,own.yar --jobs 4)";

}  // namespace

extern const AgentSpec yara_agent;
const AgentSpec yara_agent = {
    .name = kAgent,
    .summary = "which YARA rules match a file",
    .help = kHelp,
    .role = Role::kConsumer,
    .prefixes = {"/"},
    .objects_only = true,
    .yields = {kPath, std::string(kLimitPath)},
    .options = {{.name = "--rules", .metavar = "FILE|DIR", .help = "the rules", .list = true},
                {.name = "--define",
                 .metavar = "NAME=VALUE",
                 .help = "an external variable of the rules",
                 .list = true},
                {.name = "--timeout",
                 .metavar = "SECONDS",
                 .help = "try the rules on a file no longer",
                 .fallback = std::to_string(kTime)},
                {.name = "--selector-prefix",
                 .metavar = "PREFIX",
                 .help = "take objects under these type paths only",
                 .fallback = "/",
                 .list = true}},
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> {
      return std::make_unique<Yara>(setting.options);
    },
    .declare = declare,
};

}  // namespace rebus
