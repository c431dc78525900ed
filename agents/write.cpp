// write: writes the values of what its regular expression finds into files, past and future, under each name.
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "agents/support/file_name.h"
#include "agents/support/named_records.h"
#include "agents/support/pattern.h"
#include "agents/support/rendering.h"
#include "agents/support/target_folder.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

// As JSON that gives the very path, which has escapes of its own; with --raw-names it may be any bytes.
std::string quoted(const std::string& path) {
  return is_utf8(path) ? nlohmann::json(path).dump() : json_string(path);
}

class Write final : public Agent {
 public:
  explicit Write(const Setting& setting)
      : setting_(setting), pattern_(*Pattern::compile(setting.options.arguments().at(0))) {}

  Result<void> process(Work& work) override {
    return named_.take(
        work, [this](const Descriptor& d) { return pattern_.is_in(d.selector.str()); },
        [this](const Record& record, const NameList& names) { return write(record, names); });
  }

 private:
  Result<void> write(const Record& record, const NameList& names) {
    if (names.more) cut_names_.note(setting_, record);
    auto folder = folder_of(record.descriptor);
    if (!folder) return folder.error();
    const std::string id = record.descriptor.selector.id()->hex();
    for (const auto& name : names.names) {
      auto path = folder->place(file_name_of(name, setting_.raw_names), id, record.descriptor.value);
      if (!path) return path.error();
      tell(record, name, *path);
    }
    return {};
  }

  Result<TargetFolder> folder_of(const Descriptor& d) {
    auto target = TargetFolder::open(setting_.options.text("target-dir"));
    if (!target || setting_.options.flag("flat")) return target;
    return target->inside(d.uuid.str());
  }

  void tell(const Record& record, const std::string& name, const std::string& path) {
    if (!wants_json(setting_)) return setting_.out.list(path + "\n");
    NameList one{{name}, false};
    setting_.out.list(metadata_json(record, &one).add_json("file", quoted(path)).str() + "\n");
  }

  Setting setting_;
  Pattern pattern_;
  NamedRecords named_;
  CutNames cut_names_;
};

// Before anything is worked on: a wrong folder must not cost the work.
Result<void> check_target(const std::string& path) {
  if (path.empty())
    return Error{Code::kInvalid, "--target-dir is empty: name a directory, or . for this one"};
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return {};
  bool is_fit = std::filesystem::is_directory(path, ignored) && access(path.c_str(), W_OK | X_OK) == 0;
  if (is_fit) return {};
  return Error{Code::kInvalid, "--target-dir " + escape(path) + " is no directory in which you may write"};
}

Result<void> declare(const Options& options, Hello& hello) {
  hello.selector_regex = options.arguments().at(0);
  auto pattern = Pattern::compile(hello.selector_regex);
  return pattern ? check_target(options.text("target-dir")) : pattern.error();
}

constexpr const char* kHelp =
    R"(Writes the value of every descriptor whose selector REGEX finds (RE2, anywhere in the selector) into a file, those
that are stored already and those still to come, and prints the path of each file, one per line.

  TARGET/UUID/NAME

NAME is the name of the file that the descriptor comes from, one file per name, as with return; `/` in it becomes `--`.
Names are escaped (\xNN, \\), also a `-` at their begin, which would make an option of a name; --raw-names leaves them.
"." and ".." and NUL are escaped always, and what is longer than 255 bytes is cut, with a part of its SHA-256.

Nothing is ever overwritten, and no symbolic link followed. A file of the same name with the same bytes is left as it is,
so write can be called again; if its bytes differ, the first 8 digits of the descriptor's identity are added (~5eaf5491),
or all of them. A file appears under its name when it is whole; what a killed write leaves behind begins with .rebus-

What cannot be written ends write with exit code 75.

With -o json: one object per file and line, with all metadata, its name and "file".

Examples:
  rebus_agent unarchive inject sample.zip -- write --flat --target-dir out /binary
      out/sample.zip:bin--ls
  rebus_agent --bus zmq --until-idle write --target-dir strings '^/strings')";

}  // namespace

extern const AgentSpec write_agent;
const AgentSpec write_agent = {
    .name = "write",
    .summary = "write values into files, under every name",
    .help = kHelp,
    .role = Role::kReader,
    .prefixes = {"/"},
    .options = {{.name = "--flat",
                 .metavar = {},
                 .help = "all files in one folder, not in one per uuid",
                 .fallback = {}},
                {.name = "--target-dir",
                 .metavar = "DIR",
                 .help = "where to write; made if missing",
                 .fallback = "."}},
    .arguments = {"REGEX", "what to write: searched anywhere in the selector", 1, 1},
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> { return std::make_unique<Write>(setting); },
    .declare = declare,
};

}  // namespace rebus
