// ls: lists what is stored.
#include <optional>

#include "agents/support/listing.h"
#include "agents/support/named_records.h"
#include "agents/support/option_values.h"
#include "agents/support/pattern.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

class Ls final : public Agent {
 public:
  explicit Ls(const Setting& setting)
      : setting_(setting),
        limit_(*count_option(setting.options, "limit", UINT64_MAX)),
        skip_(*count_option(setting.options, "offset", 0)),
        hash_(*digest_option(setting.options, "hash")),
        label_(setting.options.text("label")),
        agent_(setting.options.text("agent")),
        since_ns_(*when_option(setting.options, "since")) {}

  Result<void> run(Bus& bus) override {
    auto names = CurrentNames::begin(bus);
    if (!names) return names.error();
    names_.emplace(std::move(*names));
    auto listed = !label_.empty() ? list_label(bus) : list(bus, hash_.empty() ? By::kRegex : By::kDigest);
    if (listed && !is_found_) say_nothing_found();
    return listed;
  }

 private:
  std::string regex() const {
    const auto& arguments = setting_.options.arguments();
    return arguments.empty() ? "/" : arguments.front();
  }

  Find query(By by, const std::string& text) const {
    Find query;
    query.by = by;
    query.text = text;
    query.domain = setting_.domain;
    query.all_domains = setting_.all_domains;
    query.agent = agent_;
    query.since_ns = since_ns_;
    return query;
  }

  Result<void> list(Bus& bus, By by) {
    Pattern pattern = *Pattern::compile(regex());
    Result<void> printed;
    auto found = bus.for_each(query(by, by == By::kRegex ? regex() : hash_), [&](Record& record) {
      if (by == By::kDigest && !pattern.begins(record.descriptor.selector.str())) return true;
      printed = take(record);
      return printed.ok() && limit_ > 0;
    });
    return found ? printed : found;
  }

  // Files of that name and, with a REGEX, what it matches of them and of their results.
  Result<void> list_label(Bus& bus) {
    auto listed = list_names_of(bus);
    std::string plain = unescape(label_);
    if (!listed || is_found_ || plain == label_) return listed;
    label_ = plain;  // as names are printed
    return list_names_of(bus);
  }

  Result<void> list_names_of(Bus& bus) {
    auto listed = list_named(bus, label_, false);
    size_t colon = label_.rfind(':');
    if (!listed || is_found_ || colon == std::string::npos) return listed;
    return list_named(bus, label_.substr(colon + 1), true);  // a whole name such as apt1.tgz:bash
  }

  Result<void> list_named(Bus& bus, const std::string& text, bool by_whole_name) {
    Find objects = query(By::kName, text);
    objects.agent.clear();  // they are asked of what is printed
    objects.since_ns = 0;
    Result<void> listed;
    auto found = bus.for_each(objects, [&](Record& object) {
      auto counts = by_whole_name ? has_whole_name(object) : Result<bool>(true);
      if (!counts) listed = counts.error();
      if (counts && *counts) listed = list_object(bus, object);
      return listed.ok() && limit_ > 0;
    });
    return found ? listed : found;
  }

  Result<bool> has_whole_name(const Record& object) {
    auto names = names_->of(object);
    if (!names) return names.error();
    bool is_prefix = label_.ends_with('*');
    std::string_view wanted(label_.data(), label_.size() - (is_prefix ? 1 : 0));
    return std::any_of(names->names.begin(), names->names.end(), [&](std::string_view name) {
      return is_prefix ? name.starts_with(wanted) : name == wanted;
    });
  }

  Result<void> list_object(Bus& bus, const Record& object) {
    if (setting_.options.arguments().empty())
      return passes(object.descriptor) ? take(object) : Result<void>();
    Pattern pattern = *Pattern::compile(regex());
    return for_each_of_object(bus, object.seq, [&](Record& record) -> Result<void> {
      bool wanted = pattern.begins(record.descriptor.selector.str()) && passes(record.descriptor);
      return wanted && limit_ > 0 ? take(record) : Result<void>();
    });
  }

  bool passes(const Descriptor& d) const {
    return (agent_.empty() || d.agent == agent_) && d.stored_at_ns >= since_ns_;
  }

  Result<void> take(const Record& record) {
    is_found_ = true;
    if (skip_ > 0 || limit_ == 0) {
      skip_ -= skip_ > 0 ? 1 : 0;
      return {};
    }
    limit_--;
    return print(record);
  }

  Result<void> print(const Record& record) {
    auto line = listing_line(setting_, record, *names_);
    if (line) setting_.out.write(*line);
    return line ? Result<void>() : line.error();
  }

  void say_nothing_found() {
    if (!hash_.empty())
      setting_.out.note("ls: nothing that is stored has a SHA-256 that begins with " + hash_);
    if (!label_.empty())
      setting_.out.note("ls: nothing that is stored came in under the name " + escape(label_));
  }

  Setting setting_;
  uint64_t limit_, skip_;  // still to print, still to leave out
  std::string hash_, label_, agent_;
  int64_t since_ns_;
  std::optional<CurrentNames> names_;
  bool is_found_ = false;
};

Result<void> declare(const Options& options, Hello&) {
  if (!options.text("hash").empty() && !options.text("label").empty()) {
    return Error{Code::kInvalid, "--hash and --label: give one of them"};
  }
  for (const char* name : {"limit", "offset"}) {
    auto count = count_option(options, name, 0);
    if (!count) return count.error();
  }
  auto hash = digest_option(options, "hash");
  if (!hash) return hash.error();
  auto since = when_option(options, "since");
  if (!since) return since.error();
  auto pattern = Pattern::compile(options.arguments().empty() ? "/" : options.arguments().front());
  return pattern ? Result<void>() : pattern.error();
}

constexpr const char* kHelp =
    R"(Lists the selectors of what is stored, newest first, one per line. REGEX (RE2) is matched from the start of the
selector; without it everything is listed. In one process ls waits until all work is done.

--hash answers "have we seen this?": it finds files, values and results by the begin of their SHA-256. --label finds
files by name, whole, by the last component of their path, or either with * at the end; also by the whole name that
`return` prints (apt1.tgz:bash). With a REGEX as well, their results are searched too. If either finds nothing, a line on
standard error says so; the exit code stays 0.

With -o json: one object per line, with all metadata and the names of the file; no values.

Examples:
  rebus_agent --bus zmq ls /binary/pe --limit 20
  rebus_agent --bus zmq ls --hash 5eaf5491
  rebus_agent --bus zmq ls --label 'invoice*'
  rebus_agent --bus zmq ls /limit --since 2h
      what was left out during the last two hours
  rebus_agent --bus zmq ls /file_id --label apt1.tgz:bash)";

}  // namespace

extern const AgentSpec ls_agent;
const AgentSpec ls_agent = {
    .name = "ls",
    .summary = "list what is stored",
    .help = kHelp,
    .role = Role::kClient,
    .options =
        {{.name = "--limit", .metavar = "N", .help = "how many at most", .fallback = {}},
         {.name = "--offset", .metavar = "N", .help = "leave out the first N", .fallback = {}},
         {.name = "-l,--label",
          .metavar = "NAME",
          .help = "files that came in under this name; * at the end: any that begin so",
          .fallback = {}},
         {.name = "--hash",
          .metavar = "PREFIX",
          .help = "identity or value has a SHA-256 that begins so (4 to 64 hex digits)",
          .fallback = {}},
         {.name = "--agent", .metavar = "NAME", .help = "only what this agent made", .fallback = {}},
         {.name = "--since",
          .metavar = "WHEN",
          .help = "only what was stored at or after 2024-05-01, 2024-05-01T12:30 (UTC), or 30m, 2h, 3d ago",
          .fallback = {}}},
    .arguments = {"REGEX", "what to list: matched from the start of the selector (default: all)", 0, 1},
    .waits_for_idle = true,
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> { return std::make_unique<Ls>(setting); },
    .declare = declare,
};

}  // namespace rebus
