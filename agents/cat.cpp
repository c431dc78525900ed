// cat: prints stored values, newest first.
#include "agents/support/current_names.h"
#include "agents/support/option_values.h"
#include "agents/support/pattern.h"
#include "agents/support/pruned_values.h"
#include "agents/support/rendering.h"

namespace rebus {
namespace {

constexpr uint64_t kDefaultCount = 3;
constexpr size_t kIndent = 4;

class Cat final : public Agent {
 public:
  explicit Cat(const Setting& setting) : setting_(setting) {}

  Result<void> run(Bus& bus) override {
    auto names = CurrentNames::begin(bus);
    if (!names) return names.error();
    Find query;
    query.by = By::kRegex;
    query.text = setting_.options.arguments().at(0);
    query.domain = setting_.domain;
    query.all_domains = setting_.all_domains;
    uint64_t left = *count_option(setting_.options, "count", kDefaultCount);
    query.limit = static_cast<uint32_t>(std::clamp<uint64_t>(left, 1, query.limit));
    Result<void> printed;
    auto found = bus.for_each(query, [&](Record& record) {
      if (left-- == 0) return false;
      printed = print(record, *names);
      if (!printed && pruned_.take(printed.error())) printed = Result<void>();
      return printed.ok() && left > 0;
    });
    pruned_.tell(setting_.out, "cat");
    return found ? printed : found;
  }

 private:
  Result<void> print(const Record& record, CurrentNames& names) {
    const Descriptor& d = record.descriptor;
    if (setting_.options.flag("raw")) return write_value(setting_.out, d.value);
    if (wants_json(setting_)) return print_json(record, names);
    auto value = value_block(d, kIndent);
    if (!value) return value.error();
    setting_.out.write(d.selector.str() + "\n" + std::string(kIndent, ' ') + *value);
    return {};
  }

  Result<void> print_json(const Record& record, CurrentNames& names) {
    auto list = names.of(record);
    if (!list) return list.error();
    JsonObject json = metadata_json(record, &*list);
    auto added = add_value(json, record.descriptor);
    if (!added) return added;
    setting_.out.write(json.str() + "\n");
    return {};
  }

  Setting setting_;
  PrunedValues pruned_;
};

Result<void> declare(const Options& options, Hello&) {
  auto count = count_option(options, "count", kDefaultCount);
  if (!count) return count.error();
  auto pattern = Pattern::compile(options.arguments().at(0));
  return pattern ? Result<void>() : pattern.error();
}

constexpr const char* kHelp =
    R"(Prints the newest stored descriptors whose selector REGEX (RE2) matches from its start: the selector on one line,
below it the value, indented. At most 64 KiB of a text and 512 bytes of anything else are shown, escaped (\xNN, \\),
then "…"; --raw prints the exact bytes of the values and nothing else.

It prints and ends; `return` follows what is still to come. In one process it waits until all work is done.

With -o json: one object per line, with all metadata, the names of the file, and "value" (text; structured values
nested) or "value_base64"; "value_cut" tells that it is only the begin.

Examples:
  rebus_agent --bus zmq cat /file_id
      the three newest answers of file_id
  rebus_agent --bus zmq cat -n 1 --raw '/binary/elf/x86_64/%5eaf' > sample
      one file, by the begin of its SHA-256)";

}  // namespace

extern const AgentSpec cat_agent;
const AgentSpec cat_agent = {
    .name = "cat",
    .summary = "print stored values",
    .help = kHelp,
    .role = Role::kClient,
    .options = {{.name = "-n,--count", .metavar = "N", .help = "how many at most", .fallback = "3"},
                {.name = "--raw",
                 .metavar = {},
                 .help = "the exact bytes of the values and nothing else",
                 .fallback = {}}},
    .arguments = {"REGEX", "what to print: matched from the start of the selector", 1, 1},
    .waits_for_idle = true,
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> { return std::make_unique<Cat>(setting); },
    .declare = declare,
};

}  // namespace rebus
