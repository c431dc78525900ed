// rebus_admin: looks after a bus.
#include <unistd.h>

#include <cstdio>
#include <optional>

#include "descriptor/escape.h"
#include "tools/admin_command.h"
#include "tools/bus_access.h"
#include "tools/exit_status.h"
#include "tools/log.h"
#include "tools/option_parser.h"
#include "tools/page.h"
#include "tools/process_limits.h"
#include "tools/program.h"
#include "tools/suggestion.h"

namespace rebus {
namespace {

// What stands on the command line.
struct Words {
  Options own;      // of rebus_admin
  Options options;  // of the command
  const AdminCommand* command = nullptr;
};

int fail(const Error& error) {
  std::fprintf(stderr, "rebus_admin: %s\n", one_line(error.message).c_str());
  return ExitStatus::of(error.code);
}

Error usage(const std::string& what) {
  return {Code::kInvalid, what + " (`rebus_admin --help` tells how to call it)"};
}

Result<const AdminCommand*> find_command(const std::string& name) {
  std::vector<std::string> names;
  for (const AdminCommand* command : admin_commands()) {
    if (command->name == name) return command;
    names.push_back(command->name);
  }
  return usage("no command '" + escape(name) + "'" + did_you_mean(name, names));
}

Result<void> check_arguments(const AdminCommand& command, const std::vector<std::string>& arguments) {
  const ArgumentsSpec& spec = command.arguments;
  if (arguments.size() < spec.min) return usage(command.name + " needs " + spec.metavar);
  if (arguments.size() <= spec.max) return {};
  return usage(command.name + " does not take '" + escape(arguments[spec.max]) + "'");
}

Result<Words> read_words(std::span<const std::string> arguments) {
  Words words;
  OptionParser own("rebus_admin", admin_options());
  std::optional<OptionParser> parser;
  std::vector<std::string> plain;
  Tokens tokens(arguments);
  while (!tokens.empty()) {
    const std::string& next = tokens.front();
    if (!looks_like_option(next)) {
      if (words.command != nullptr) {
        plain.push_back(tokens.take());
        continue;
      }
      auto command = find_command(tokens.take());
      if (!command) return command.error();
      words.command = *command;
      parser.emplace(words.command->name, words.command->options);
      continue;
    }
    bool is_commands = parser && parser->knows(next);
    if (!is_commands && !own.knows(next)) {
      auto names = parser ? parser->names() : std::vector<std::string>();
      for (auto& name : own.names()) names.push_back(std::move(name));
      return usage("no option " + escape(next) + did_you_mean(next, names));
    }
    auto taken = is_commands ? parser->take(tokens) : own.take(tokens);
    if (!taken) return taken.error();
  }
  words.own = own.options();
  if (parser) words.options = parser->options();
  words.options.set_arguments(std::move(plain));
  return words;
}

Result<Globals> globals_of(const Options& own) {
  Globals globals;
  globals.bus_address = own.text("busaddr");
  globals.insecure_tcp = own.flag("insecure-tcp");
  globals.networked = !own.flag("path");
  auto format = read_output_format(own);
  if (!format) return format.error();
  globals.output_format = *format;
  if (globals.networked) return globals;
  if (!globals.bus_address.empty()) return usage("--busaddr and --path exclude each other");
  globals.storage = {"rocksdb", own.text("path")};
  if (access(globals.storage.path.c_str(), F_OK) == 0) return globals;
  return Error{Code::kNotFound, "there is no store at " + escape(globals.storage.path)};
}

Result<int> run_on_bus(const Words& words, const Globals& globals) {
  auto bus_access = open_bus(globals);
  if (!bus_access) return bus_access.error();
  auto channel = (*bus_access)->connector().connect();
  if (!channel) return channel.error();
  Bus bus(*std::move(channel));
  Hello hello;
  hello.agent = "rebus_admin";
  auto welcome = bus.join(hello);
  if (!welcome) return welcome.error();
  auto done = words.command->run({bus, *welcome, words.options, globals});
  bus.leave();
  (*bus_access)->stop();
  if (auto failure = (*bus_access)->failure()) return *failure;
  return done;
}

Result<int> run_command(const Words& words) {
  if (auto fits = check_arguments(*words.command, words.options.arguments()); !fits) return fits.error();
  auto sound = words.command->check == nullptr ? Result<void>() : words.command->check(words.options);
  if (!sound) return sound.error();
  auto globals = globals_of(words.own);
  if (!globals) return globals.error();
  bool is_alone = words.command->run_alone != nullptr && !words.options.arguments().empty();
  if (is_alone) return words.command->run_alone(words.options, *globals);
  return run_on_bus(words, *globals);
}

int run(std::span<const std::string> arguments) {
  auto words = read_words(arguments);
  if (!words) return fail(words.error());
  if (words->own.flag("version")) return print_page("rebus " REBUS_VERSION "\n");
  if (words->own.flag("help")) {
    return print_page(words->command == nullptr ? admin_page() : admin_command_page(*words->command));
  }
  if (words->command == nullptr) return fail(usage("no command given"));
  set_process_limits();
  auto log = set_up_log({"rebus_admin", 0, "", false});
  if (!log) return fail(log.error());
  auto done = run_command(*words);
  return done ? *done : fail(done.error());
}

}  // namespace
}  // namespace rebus

int main(int argc, char** argv) {
  return rebus::run_program("rebus_admin",
                            [&] { return rebus::run(std::vector<std::string>(argv + 1, argv + argc)); });
}
