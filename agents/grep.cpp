// grep: prints the lines of /strings that a regular expression finds, past and future, under each name of the
// file.
#include "agents/support/line_reader.h"
#include "agents/support/named_records.h"
#include "agents/support/pattern.h"
#include "agents/support/rendering.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr const char* kStringsPath = "/strings";
constexpr size_t kBufferSize = 64 << 10;  // bytes written at once

class Grep final : public Agent {
 public:
  Grep(const Setting& setting, Pattern pattern) : setting_(setting), pattern_(std::move(pattern)) {}

  Result<void> process(Work& work) override {
    return named_.take(
        work, [](const Descriptor& d) { return covers(kStringsPath, d.selector.path()); },
        [this](const Record& record, const NameList& names) { return print(record, names); });
  }

 private:
  Result<void> print(const Record& record, const NameList& names) {
    if (names.more) cut_names_.note(setting_, record);
    if (names.names.empty()) return {};
    LineReader lines([&](std::string_view line, bool is_cut) -> Result<void> {
      if (pattern_.is_in(line)) append(record, names, line, is_cut);
      return {};
    });
    auto read = record.descriptor.value.for_each_chunk([&](Bytes chunk) { return lines.feed(chunk); });
    auto finished = read ? lines.finish() : read;
    flush();
    return finished;
  }

  void append(const Record& record, const NameList& names, std::string_view line, bool is_cut) {
    if (wants_json(setting_)) {
      append_json(record, names, line, is_cut);
    } else {
      std::string shown = escape(line) + (is_cut ? "…" : "");
      for (const auto& name : names.names) buffer_ += shown_name(setting_, name) + " = " + shown + "\n";
    }
    if (buffer_.size() >= kBufferSize) flush();
  }

  void append_json(const Record& record, const NameList& names, std::string_view line, bool is_cut) {
    JsonObject json = metadata_json(record, &names);
    json.add("line", line);
    if (is_cut) json.add_json("line_cut", "true");
    buffer_ += json.str() + "\n";
  }

  void flush() {
    if (!buffer_.empty()) setting_.out.write(buffer_);
    buffer_.clear();
  }

  Setting setting_;
  Pattern pattern_;
  NamedRecords named_;
  CutNames cut_names_;
  std::string buffer_;
};

std::unique_ptr<Agent> make(const Setting& setting) {
  return std::make_unique<Grep>(setting, *Pattern::compile(setting.options.arguments().at(0)));
}

Result<void> declare(const Options& options, Hello&) {
  auto pattern = Pattern::compile(options.arguments().at(0));
  return pattern ? Result<void>() : pattern.error();
}

constexpr const char* kHelp =
    R"(Prints the lines of /strings (what stringer gives) in which PATTERN is found, of the files that are stored already
and of those still to come, as

  NAME = LINE

once for each name of the file. PATTERN is a regular expression in RE2's syntax; (?i) at its begin ignores case.
Lines are escaped (\xNN, \\); of a line of more than 64 KiB only the begin is searched and shown, with "…".

With -o json: one object per line found, with the metadata of the strings, "names" and "line".

Examples:
  rebus_agent stringer unarchive inject apt1.tgz -- grep 'https?://'
      apt1.tgz:dropper.exe = http://update.example/gate.php
  rebus_agent stringer inject *.exe -- grep '(?i)password')";

}  // namespace

extern const AgentSpec grep_agent;
const AgentSpec grep_agent = {
    .name = "grep",
    .summary = "print lines found in the strings of files",
    .help = kHelp,
    .role = Role::kReader,
    .prefixes = {kStringsPath},
    .arguments = {"PATTERN", "what to look for in each line", 1, 1},
    .make = make,
    .declare = declare,
};

}  // namespace rebus
