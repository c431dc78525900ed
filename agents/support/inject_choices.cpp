#include "agents/support/inject_choices.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>

#include "descriptor/escape.h"

namespace rebus {
namespace {

std::optional<std::string> given(const Options& options, const std::string& name) {
  if (!options.flag(name)) return {};
  return options.text(name);
}

Result<Lane> parse_lane(const std::string& text) {
  if (text.empty() || text == "normal") return Lane::kNormal;
  if (text == "urgent") return Lane::kUrgent;
  if (text == "bulk") return Lane::kBulk;
  return Error{Code::kInvalid, "--priority is urgent, normal or bulk, not '" + escape(text) + "'"};
}

Result<std::chrono::milliseconds> parse_seconds(const std::string& text) {
  uint32_t seconds = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Error{Code::kInvalid, "--timeout takes whole seconds, not '" + escape(text) + "'"};
  }
  return std::chrono::milliseconds(uint64_t{seconds} * 1000);
}

Result<void> read_values(const Options& options, InjectChoices& choices) {
  if (auto path = given(options, "selector")) {
    choices.selector = trimmed(*path);
    if (!is_type_path(choices.selector)) {
      return Error{Code::kInvalid,
                   "--selector takes a type path like /binary/elf, not '" + escape(*path) + "'"};
    }
  }
  if (auto text = given(options, "uuid")) {
    auto uuid = Uuid::parse(*text);
    if (!uuid) return uuid.error();
    choices.uuid = *uuid;
  }
  if (auto text = given(options, "timeout")) {
    auto timeout = parse_seconds(*text);
    if (!timeout) return timeout.error();
    choices.timeout = *timeout;
  }
  auto lane = parse_lane(options.text("priority"));
  if (!lane) return lane.error();
  choices.lane = *lane;
  return {};
}

}  // namespace

std::string trimmed(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

// What a file given as `path` is called; of "." and ".." the name of the directory that they are.
std::string base_name(const std::string& path) {
  std::string trimmed_path = trimmed(path);
  std::string base = trimmed_path.substr(trimmed_path.rfind('/') + 1);
  if (base != "." && base != "..") return base;
  std::unique_ptr<char, void (*)(void*)> real(realpath(path.c_str(), nullptr), std::free);
  std::string resolved = real ? real.get() : base;
  return resolved.substr(resolved.rfind('/') + 1);
}

Result<InjectChoices> InjectChoices::read(const Options& options) {
  InjectChoices choices;
  auto read = read_values(options, choices);
  if (!read) return read.error();
  choices.label = given(options, "label");
  choices.files_from = given(options, "files-from");
  choices.printable = options.flag("printable");
  choices.random_hash = options.flag("random-hash");
  choices.recursive = options.flag("recursive");
  choices.devices = options.flag("device");
  choices.waits = options.flag("wait");
  bool names_input = std::ranges::count(options.arguments(), "-") > 0;
  if (options.arguments().empty() && !choices.files_from) {
    return Error{Code::kInvalid, "inject needs files: names, - for standard input, or --files-from FILE"};
  }
  if (names_input && choices.files_from == "-") {
    return Error{Code::kInvalid, "standard input cannot be both a file (-) and a list (--files-from -)"};
  }
  if (choices.timeout && !choices.waits) return Error{Code::kInvalid, "--timeout needs --wait"};
  return choices;
}

const std::vector<OptionSpec>& inject_options() {
  static const std::vector<OptionSpec> options = {
      {"-s,--selector", "PATH", "type path of all files, instead of guessing it", ""},
      {"--uuid", "UUID", "uuid of all files, instead of one made from each file's hash", ""},
      {"-l,--label", "LABEL", "label of all files, instead of their names", ""},
      {"-p,--printable", "", "the files are UTF-8 text; refuses those that are not", ""},
      {"--random-hash", "", "analyse again what the bus has seen before", ""},
      {"-r,--recursive", "", "take all regular files in directories", ""},
      {"--files-from", "FILE",
       "names to inject, each ended by a NUL byte (find -print0); - is standard input", ""},
      {"--device", "", "read devices, too", ""},
      {"--priority", "LANE", "urgent, normal or bulk", "normal"},
      {"--wait", "", "on a networked bus: return when all that comes of the files is handled", ""},
      {"--timeout", "SECONDS", "wait no longer than this", ""},
  };
  return options;
}

}  // namespace rebus
