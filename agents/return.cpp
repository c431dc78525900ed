// return: prints the values of what its regular expression finds, past and future, under each of their names.
#include "agents/support/named_records.h"
#include "agents/support/pattern.h"
#include "agents/support/rendering.h"

namespace rebus {
namespace {

constexpr const char* kRule = "------------------------------------------------------------------------\n";

class Return final : public Agent {
 public:
  Return(const Setting& setting, Pattern pattern)
      : setting_(setting),
        pattern_(std::move(pattern)),
        raw_(setting.options.flag("raw")),
        short_(setting.options.flag("short")) {}

  Result<void> process(Work& work) override {
    if (raw_) return write_raw(work);
    return named_.take(
        work, [this](const Descriptor& d) { return is_wanted(d); },
        [this](const Record& record, const NameList& names) { return print(record, names); });
  }

 private:
  bool is_wanted(const Descriptor& d) const { return pattern_.is_in(d.selector.str()); }

  // Once, however many names it has.
  Result<void> write_raw(Work& work) {
    if (work.origin() != nullptr || !is_wanted(work.descriptor())) return {};
    return write_value(setting_.out, work.value());
  }

  Result<void> print(const Record& record, const NameList& names) {
    if (names.more) cut_names_.note(setting_, record);
    if (names.names.empty()) return {};
    auto text = wants_json(setting_) ? json(record, names)
                : short_             ? lines(record, names)
                                     : block(record, names);
    if (!text) return text.error();
    setting_.out.write(*text);
    return {};
  }

  Result<std::string> json(const Record& record, const NameList& names) {
    JsonObject json = metadata_json(record, &names);
    auto added = add_value(json, record.descriptor);
    if (!added) return added.error();
    return json.str() + "\n";
  }

  Result<std::string> lines(const Record& record, const NameList& names) {
    auto value = value_line(record.descriptor);
    if (!value) return value;
    std::string out;
    for (const auto& name : names.names) out += shown_name(setting_, name) + " = " + *value + "\n";
    return out;
  }

  Result<std::string> block(const Record& record, const NameList& names) {
    const Descriptor& d = record.descriptor;
    auto value = value_block(d, std::string_view("selector: ").size());
    if (!value) return value;
    std::string out = kRule + ("selector: " + d.selector.str()) + "\n";
    for (const auto& name : names.names) out += "label:    " + shown_name(setting_, name) + "\n";
    return out + "uuid:     " + d.uuid.str() + "\nvalue:    " + *value;
  }

  Setting setting_;
  Pattern pattern_;
  bool raw_, short_;
  NamedRecords named_;
  CutNames cut_names_;
};

std::unique_ptr<Agent> make(const Setting& setting) {
  return std::make_unique<Return>(setting, *Pattern::compile(setting.options.arguments().at(0)));
}

Result<void> declare(const Options& options, Hello& hello) {
  if (options.flag("raw") && options.flag("short")) {
    return Error{Code::kInvalid, "--raw and --short: give one of them"};
  }
  hello.selector_regex = options.arguments().at(0);
  auto pattern = Pattern::compile(hello.selector_regex);
  return pattern ? Result<void>() : pattern.error();
}

constexpr const char* kHelp =
    R"(Prints every descriptor whose selector REGEX finds, those that are stored already and those still to come. REGEX
may match anywhere in the selector (/md5_hash/%<64 hex digits>), so a word of the type path is enough; its syntax
is RE2's.

A file that stands under several names (in an archive twice, or in two archives) is printed with each of them,
once, also if a name is found after the result: in that case the result is printed again with the new name.

Without --raw or --short: a rule, then selector, label (one line per name), uuid and value; further lines of a text
are indented. At most 64 KiB of a text and 512 bytes of anything else are shown, then "…"; --raw prints all.
Names and values are escaped (\xNN for control characters and what is not UTF-8, \\ for a backslash); --raw-names
leaves names as they are.

With -o json: one object per line, with all metadata, "names", and "value" (text; structured values nested) or
"value_base64"; "value_cut" tells that it is only the begin. Names and texts are escaped there too, always.

A file with more than 100,000 names (archives in archives can multiply them) is printed with the first; a line on
standard error says so, and the exit code is 3.

Examples:
  rebus_agent hasher unarchive inject apt1.tgz -- return --short md5_hash
      apt1.tgz:bash = 5eaf5491c5b6c19f052989114ac70010
  rebus_agent inject sample.bin -- return --raw /binary > copy
      the very bytes
  rebus_agent --bus zmq return --short '/signature/(sha1|sha256)'
      follows a bus until interrupted
  rebus_agent -o json file_id inject dump/* -- return '^/file_id' | jq -r .value.mime)";

}  // namespace

extern const AgentSpec return_agent;
const AgentSpec return_agent = {
    .name = "return",
    .summary = "print values as they arrive, under every name",
    .help = kHelp,
    .role = Role::kReader,
    .prefixes = {"/"},
    .options =
        {{.name = "--raw",
          .metavar = {},
          .help = "the exact bytes of the values and nothing else",
          .fallback = {}},
         {.name = "--short", .metavar = {}, .help = "one line per name: NAME = VALUE", .fallback = {}}},
    .arguments = {"REGEX", "what to print: searched anywhere in the selector", 1, 1},
    .make = make,
    .declare = declare,
};

}  // namespace rebus
