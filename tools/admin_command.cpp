#include "tools/admin_command.h"

#include <algorithm>
#include <array>

#include "tools/help.h"

namespace rebus {
namespace {

constexpr size_t kPageIndent = 4;

constexpr const char* kAdminSynopsis =
    R"(    rebus_admin [OPTIONS] COMMAND [ARGUMENTS]
    rebus_admin COMMAND --help
)";

constexpr const char* kAdminDescription =
    "What the people who run a bus ask it and do to it. It works on a running rebus_master, found as "
    "rebus_agent finds it, or with --path on the store of a bus that is not running. Every change is "
    "stored before it is told, and a command that was killed may be given again.";

constexpr const char* kAdminExitStatus =
    R"(    0    done
    1    no such submission, agent, consumer or file
    2    usage
    3    done in part, or refused as things are: standard error tells
    75   the bus or the store failed, or nobody answers; trying again is safe
)";

}  // namespace

std::span<const AdminCommand* const> admin_commands() {
  static const auto kCommands = std::to_array<const AdminCommand*>(
      {&kStatusCommand, &kRetryCommand, &kCancelCommand, &kPauseCommand, &kResumeCommand, &kModeCommand,
       &kForgetCommand, &kPruneCommand, &kDropCommand, &kCheckCommand});
  return kCommands;
}

std::span<const OptionSpec> admin_options() {
  static const std::vector<OptionSpec> kOptions = {
      {"--busaddr", "ADDR",
       "where the rebus_master is, e.g. ipc:///run/rebus/bus; default: $REBUS_BUSADDR, else the user's own "
       "master",
       ""},
      {"--insecure-tcp", "", "allow a tcp:// address: neither encrypted nor authenticated yet", ""},
      {"--path", "DIR", "instead: the RocksDB store there, which no master or chain has open", ""},
      {"-o,--output", "FORMAT", "what is printed: text, or json (one object)", "text"},
      {"--version", "", "print the version", ""},
      {"-h,--help", "", "print this page; after a command, the command's page", ""},
  };
  return kOptions;
}

std::string admin_page() {
  std::string page = "rebus_admin - look after a bus\n\nSYNOPSIS\n" + std::string(kAdminSynopsis) +
                     "\nDESCRIPTION\n" + wrap(kAdminDescription, kPageIndent) + "\nCOMMANDS\n";
  for (const AdminCommand* command : admin_commands()) {
    page += help_entry((command->name + " " + command->arguments.metavar), command->summary);
  }
  return page + "\nOPTIONS\n" + help_options(admin_options()) + "\nEXIT STATUS\n" + kAdminExitStatus;
}

std::string admin_command_page(const AdminCommand& command) {
  std::string page = "rebus_admin " + command.name + " - " + command.summary + "\n\nSYNOPSIS\n" +
                     wrap("rebus_admin … " + command.name + (command.options.empty() ? "" : " [OPTIONS]") +
                              (command.arguments.metavar.empty() ? "" : " " + command.arguments.metavar),
                          kPageIndent) +
                     "\nDESCRIPTION\n" + wrap(command.help, kPageIndent);
  if (command.arguments.max > 0)
    page += "\nARGUMENTS\n" + help_entry(command.arguments.metavar, command.arguments.help);
  if (!command.options.empty()) page += "\nOPTIONS\n" + help_options(command.options);
  return page + "\n" +
         wrap("Also: --busaddr, --insecure-tcp, --path, --output; see rebus_admin --help.", kPageIndent);
}

}  // namespace rebus
