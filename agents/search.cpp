// search: finds stored descriptors by what their values begin with.
#include <optional>

#include "agents/support/listing.h"
#include "agents/support/option_values.h"
#include "agents/support/pattern.h"
#include "agents/support/pruned_values.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

// RE2 wants its text in one piece.
constexpr uint64_t kSearched = 1 << 20;  // bytes of a value at most

class Search final : public Agent {
 public:
  explicit Search(const Setting& setting)
      : setting_(setting), pattern_(*Pattern::compile_bytes(setting.options.arguments().at(1))) {}

  Result<void> run(Bus& bus) override {
    auto names = CurrentNames::begin(bus);
    if (!names) return names.error();
    Find query;
    query.by = By::kRegex;
    query.text = setting_.options.arguments().front();
    query.domain = *domain_option(setting_.options, setting_.domain);
    query.all_domains = setting_.all_domains;
    Result<void> searched;
    auto found = bus.for_each(query, [&](Record& record) {
      searched = search(record, *names);
      return searched.ok();
    });
    if (found && searched) tell_cut();
    pruned_.tell(setting_.out, "search");
    return found ? searched : found;
  }

 private:
  Result<void> search(const Record& record, CurrentNames& names) {
    auto matches = matches_begin(record.descriptor.value);
    if (!matches) return pruned_.take(matches.error()) ? Result<void>() : matches.error();
    if (!*matches && record.descriptor.value.size() > kSearched) cut_++;
    if (!*matches) return {};
    auto line = listing_line(setting_, record, names);
    if (line) setting_.out.write(*line);
    return line ? Result<void>() : line.error();
  }

  Result<bool> matches_begin(const Value& value) {
    text_.resize(std::min(value.size(), kSearched));
    auto count = value.read_at(0, {reinterpret_cast<uint8_t*>(text_.data()), text_.size()});
    if (!count) return count.error();
    return pattern_.begins({text_.data(), *count});
  }

  void tell_cut() {
    if (cut_ == 0) return;
    setting_.out.incomplete();
    setting_.out.note("search: only the first MiB was searched of " + counted(cut_, "value") +
                      " in which nothing was found");
  }

  Setting setting_;
  Pattern pattern_;
  std::string text_;
  uint64_t cut_ = 0;
  PrunedValues pruned_;
};

Result<void> declare(const Options& options, Hello&) {
  auto begin = check_selector_begin(options.arguments().at(0));
  if (!begin) return begin;
  auto domain = domain_option(options, Domain());
  if (!domain) return domain.error();
  auto pattern = Pattern::compile_bytes(options.arguments().at(1));
  return pattern ? Result<void>() : pattern.error();
}

constexpr const char* kHelp =
    R"(Prints the selectors of what is stored, newest first, if the selector begins with PREFIX and VALUE_REGEX matches
the value from its start. PREFIX counts byte by byte: /sig finds /signature/md5 as well. In one process search waits
until all work is done.

VALUE_REGEX (RE2) sees bytes: `.` is any byte but a newline, (?s). any byte, \xff that byte; begin it with (?s).* to
find something anywhere in the value. At most the first MiB of a value is searched, and $ stands for the end of that;
if nothing was found in a larger value, or values were pruned, standard error says so and the exit code is 3.

With -o json: one object per line, with all metadata and the names of the file; no values.

Examples:
  rebus_agent --bus zmq search /md5_hash 5eaf5491
      which files have an MD5 that begins so
  rebus_agent --bus zmq search /file_id '.*executable'
  rebus_agent --bus zmq -o json search / MZ
      everything that begins like a PE file, whatever its type path)";

}  // namespace

extern const AgentSpec search_agent;
const AgentSpec search_agent = {
    .name = "search",
    .summary = "find descriptors by what their values begin with",
    .help = kHelp,
    .role = Role::kClient,
    .options = {{.name = "--domain",
                 .metavar = "DOMAIN",
                 .help = "search this domain instead of that of -d",
                 .fallback = {}}},
    .arguments = {"PREFIX VALUE_REGEX", "begin of the selector, and what the value must begin with", 2, 2},
    .waits_for_idle = true,
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> {
      return std::make_unique<Search>(setting);
    },
    .declare = declare,
};

}  // namespace rebus
