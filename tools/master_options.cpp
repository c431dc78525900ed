#include "tools/master_options.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <sstream>

#include "descriptor/escape.h"
#include "tools/exit_status.h"
#include "tools/option_parser.h"
#include "tools/suggestion.h"

namespace rebus {
namespace {

constexpr const char* kSummary =
    "rebus_master: keeps the descriptors of a bus and hands out the work.\n\n"
    "Agents in other processes (rebus_agent --bus zmq) meet at its address. Without options it serves this "
    "user on\n"
    "this host, stores below the user's data directory, and goes on after a stop, a crash or a power cut "
    "where it\n"
    "was; agents that are waiting then join by themselves.";

constexpr const char* kFooter =
    "Arguments, as the original had them:\n"
    "  BUS      localbus (this user on this host), zmq, or an address as for --busaddr\n"
    "  STORAGE  rocksdb (also: diskstorage) or ram (also: ramstorage)\n"
    "\n"
    "Examples:\n"
    "  rebus_master                                   serve this user\n"
    "  rebus_master --storage ram                     forget everything at the end\n"
    "  rebus_master --busaddr ipc:///srv/bus/socket --path /srv/bus/store -f /var/log/rebus.log\n"
    "  rebus_master localbus diskstorage --path ~/case-17\n"
    "  rebus_master --busaddr 'tcp://10.0.0.1:5600' --insecure-tcp    a closed test network only\n"
    "\n"
    "Environment:\n"
    "  REBUS_BUSADDR    address, for master and agents, where no --busaddr is given\n"
    "  XDG_RUNTIME_DIR  the usual address is ipc://$XDG_RUNTIME_DIR/rebus/bus (without it: "
    "/tmp/rebus-UID/bus)\n"
    "  XDG_DATA_HOME    the usual store is $XDG_DATA_HOME/rebus (without it: ~/.local/share/rebus)\n"
    "\n"
    "Exit codes:\n"
    "  0    stopped by SIGINT or SIGTERM\n"
    "  2    wrong usage, or the log file cannot be written\n"
    "  75   the store failed or is damaged, or somebody else has it or the address; nothing that was not "
    "stored was\n"
    "       acknowledged, so starting again is safe\n"
    "  130  a second SIGINT or SIGTERM came before the first was done with; as safe as a crash";

struct Given {
  std::string bus, storage_argument;
  std::string address, storage, path, profile = "server", log_file, log_format = "text";
  bool insecure_tcp = false, quiet = false, syslog = false;
  int verbose = 0;
};

void declare(CLI::App& app, Given& given) {
  app.add_option("BUS", given.bus, "see below");
  app.add_option("STORAGE", given.storage_argument, "see below");
  app.add_option("--busaddr", given.address,
                 "where to listen: ipc:///PATH, or tcp://HOST:PORT (port *: any free)")
      ->type_name("ADDR");
  app.add_option("--storage", given.storage, "rocksdb (default) or ram")->type_name("KIND");
  app.add_option("--path", given.path, "where rocksdb stores; made if missing")->type_name("DIR");
  app.add_option("--profile", given.profile,
                 "budgets for what archives may unfold to: server, local or strict")
      ->type_name("NAME")
      ->capture_default_str();
  app.add_flag("--insecure-tcp", given.insecure_tcp, "allow tcp://: neither encrypted nor authenticated yet");
  app.add_flag("-v,--verbose", given.verbose, "log more");
  app.add_flag("-q,--quiet", given.quiet, "log only warnings and errors");
  app.add_option("-f,--logfile", given.log_file, "append the log to FILE instead of standard error")
      ->type_name("FILE");
  app.add_flag("--syslog", given.syslog, "log to syslog instead of standard error");
  app.add_option("--log-format", given.log_format, "how log lines look: text, or json (one object per line)")
      ->type_name("FORMAT")
      ->capture_default_str();
}

// The name of a directory below the user's data.
std::string usual_store() {
  const char* data = std::getenv("XDG_DATA_HOME");
  if (data != nullptr && *data == '/') return std::string(data) + "/rebus";
  const char* home = std::getenv("HOME");
  return home == nullptr || *home == '\0' ? std::string() : std::string(home) + "/.local/share/rebus";
}

Result<Address> address_of(const Given& given) {
  bool is_usual = given.bus.empty() || given.bus == "localbus" || given.bus == "local" || given.bus == "zmq";
  if (is_usual) return given.address.empty() ? Address::usual() : Address::parse(given.address);
  if (given.bus.find("://") == std::string::npos) {
    return usage_error("no bus '" + escape(given.bus) + "': there are localbus, zmq, or an address");
  }
  if (!given.address.empty()) return usage_error("two addresses are given, one by --busaddr");
  return Address::parse(given.bus);
}

Result<std::string> storage_kind(const Given& given) {
  if (!given.storage.empty() && !given.storage_argument.empty()) {
    return usage_error("two storages are given, one by --storage");
  }
  const std::string& name = given.storage.empty() ? given.storage_argument : given.storage;
  if (name.empty() || name == "rocksdb" || name == "diskstorage") return std::string("rocksdb");
  if (name == "ram" || name == "ramstorage") return std::string("ram");
  return usage_error("no storage '" + escape(name) + "': there are rocksdb and ram");
}

Result<StorageOptions> storage_of(const Given& given) {
  auto kind = storage_kind(given);
  if (!kind) return kind.error();
  if (*kind == "ram" && !given.path.empty()) return usage_error("--path needs --storage rocksdb");
  if (*kind == "ram") return StorageOptions{"ram", {}, false};
  std::string path = given.path.empty() ? usual_store() : given.path;
  if (path.empty()) return usage_error("there is no $HOME to store in: say --path DIR");
  return StorageOptions{"rocksdb", path, true};
}

Result<MasterSetting> setting_of(const Given& given) {
  auto address = address_of(given);
  if (!address) return address.error();
  auto allowed = check_allowed(*address, given.insecure_tcp);
  if (!allowed) return allowed.error();
  auto storage = storage_of(given);
  if (!storage) return storage.error();
  auto limits = limits_of_profile(given.profile);
  if (!limits) return limits.error();
  if (given.quiet && given.verbose > 0) return usage_error("-q and -v contradict each other");
  unsigned verbosity = given.quiet ? 0 : given.verbose > 0 ? 2 : 1;
  return MasterSetting{*address,  *storage,       *limits,      given.insecure_tcp,
                       verbosity, given.log_file, given.syslog, given.log_format};
}

std::string complaint(const CLI::App& app, const CLI::ParseError& error) {
  std::string what = escape(error.what());
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError)) {
    std::string token = app.remaining().front();
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
    what = (token.starts_with("-") ? "no option " : "one argument too many: ") + escape(token) +
           did_you_mean(token, names);
  }
  return "rebus_master: " + what + " (`rebus_master --help` lists all)\n";
}

}  // namespace

std::variant<MasterSetting, EarlyEnd> read_master_options(int argc, const char* const* argv,
                                                          const char* version) {
  CLI::App app(kSummary, "rebus_master");
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("rebus ") + version);
  Given given;
  declare(app, given);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    std::ostringstream page;
    if (app.exit(e, page, page) == 0) return EarlyEnd{ExitStatus::kComplete, page.str()};
    return EarlyEnd{ExitStatus::kUsage, complaint(app, e)};
  }
  auto setting = setting_of(given);
  if (setting) return *std::move(setting);
  return EarlyEnd{ExitStatus::of(setting.error().code), "rebus_master: " + setting.error().message + "\n"};
}

}  // namespace rebus
