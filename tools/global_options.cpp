#include "tools/global_options.h"

#include <algorithm>

#include "descriptor/escape.h"
#include "tools/option_parser.h"

namespace rebus {
namespace {

constexpr unsigned kMaxJobs = 256;

bool is_one_of(const std::string& name, std::initializer_list<const char*> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Result<void> check_modules(const Options& options) {
  auto known = known_modules();
  for (const auto& module : options.list("module")) {
    if (std::find(known.begin(), known.end(), module) != known.end()) continue;
    std::string list;
    for (const auto& name : known) list += " " + name;
    return usage_error("no module '" + escape(module) +
                       "': modules cannot be loaded yet; the built-in ones are" + list);
  }
  return {};
}

Result<void> read_bus(const Options& options, Globals& globals) {
  globals.bus_address = options.text("busaddr");
  globals.insecure_tcp = options.flag("insecure-tcp");
  std::string bus = options.text("bus");
  if (bus.empty()) bus = globals.bus_address.empty() ? "local" : "zmq";
  if (!is_one_of(bus, {"local", "localbus", "zmq"})) {
    return usage_error("no bus '" + escape(bus) + "': there are local (in this process) and zmq");
  }
  globals.networked = bus == "zmq";
  globals.until_idle = options.flag("until-idle");
  if (!globals.networked && !globals.bus_address.empty()) return usage_error("--busaddr needs --bus zmq");
  return {};
}

// The original's names are accepted.
std::string storage_kind(const std::string& name) {
  if (is_one_of(name, {"ram", "ramstorage"})) return "ram";
  if (is_one_of(name, {"rocksdb", "diskstorage"})) return "rocksdb";
  return {};
}

Result<void> read_storage(const Options& options, Globals& globals) {
  std::string path = options.text("path");
  std::string name = options.text("storage");
  if (globals.networked && !(path.empty() && name.empty())) {
    return usage_error(
        "--storage and --path belong to the rebus_master of a networked bus, not to its agents");
  }
  if (name.empty()) name = path.empty() ? "ram" : "rocksdb";
  globals.storage = {storage_kind(name), path};
  if (globals.storage.kind.empty())
    return usage_error("no storage '" + escape(name) + "': there are ram and rocksdb");
  if (globals.storage.kind == "rocksdb" && path.empty())
    return usage_error("--storage rocksdb needs --path DIR");
  if (globals.storage.kind == "ram" && !path.empty()) return usage_error("--path needs --storage rocksdb");
  return {};
}

Result<void> read_domain(const Options& options, Globals& globals) {
  auto domain = Domain::parse(options.text("domain"));
  if (!domain) return domain.error();
  globals.domain = *domain;
  return {};
}

Result<void> read_limits(const Options& options, Globals& globals) {
  std::string profile = options.text("profile");
  globals.has_own_limits = !profile.empty();
  auto limits = limits_of_profile(profile.empty() ? "local" : profile);
  if (!limits) return limits.error();
  globals.limits = *limits;
  return {};
}

Result<void> read_shared(const Options& options, Globals& globals) {
  auto jobs = read_jobs(options);
  if (!jobs) return jobs.error();
  auto format = read_output_format(options);
  if (!format) return format.error();
  globals.jobs = *jobs;
  globals.output_format = *format;
  globals.raw_names = options.flag("raw-names");
  globals.all_domains = options.flag("all-domains");
  return {};
}

Result<void> read_sandbox(const Options& options, Globals& globals) {
  auto level = sandbox_level_named(options.text("sandbox"));
  if (!level) return level.error();
  globals.sandbox = *level;
  return {};
}

void read_logging(const Options& options, Globals& globals) {
  globals.verbosity = static_cast<unsigned>(options.list("verbose").size());
  if (options.flag("debug")) globals.verbosity = 2;
  globals.log_file = options.text("log-file");
  globals.syslog = options.flag("syslog");
  globals.log_format = options.text("log-format");
}

}  // namespace

std::span<const OptionSpec> shared_options() {
  static const std::vector<OptionSpec> kOptions = {
      {"-j,--jobs", "N", "instances of each consumer; they share its work", "1"},
      {"-o,--output", "FORMAT", "what printing agents print: text, or json (one object per line)", "text"},
      {"--raw-names", "", "print names byte for byte instead of escaped (\\xNN)", ""},
      {"--all-domains", "", "printing agents show every domain, not only that of -d", ""},
      {"-h,--help", "", "print this page; after an agent, the agent's page", ""},
  };
  return kOptions;
}

std::span<const OptionSpec> global_options() {
  static const std::vector<OptionSpec> kOptions = [] {
    std::vector<OptionSpec> options = {
        {"--bus", "BUS", "local: everything in this process (default); zmq: agents of a rebus_master", ""},
        {"--busaddr", "ADDR",
         "where the rebus_master is, e.g. ipc:///run/rebus/bus or tcp://10.0.0.1:5600; "
         "means --bus zmq; default: $REBUS_BUSADDR, else the user's own master",
         ""},
        {"--insecure-tcp", "", "allow a tcp:// address: neither encrypted nor authenticated yet", ""},
        {"-m,--module", "NAME", "sets of agents to use; those of rebus are built in, so nothing changes", "",
         true},
        {"-d,--domain", "DOMAIN", "inject into this domain, show this one", "default"},
        {"--storage", "KIND", "of the bus in this process: ram, or rocksdb, which can be killed and rerun",
         ""},
        {"--path", "DIR", "where rocksdb stores; made if missing", ""},
        {"--profile", "NAME",
         "budgets for what archives may unfold to: local, server or strict; default: that of the "
         "rebus_master, "
         "in one process local",
         ""},
        {"--sandbox", "LEVEL",
         "what files are looked at in: required (what must be of it, and what else the kernel has), strict "
         "(all "
         "of it, or nothing is looked at) or none",
         "required"},
        {"--until-idle", "", "on a networked bus: end when everything is handled, as one process does", ""},
        {"-v,--verbose", "", "log more; twice: everything", ""},
        {"-D,--debug", "", "the same as -vv", ""},
        {"--log-file", "FILE", "append the log to FILE instead of standard error", ""},
        {"--syslog", "", "log to syslog instead of standard error", ""},
        {"--log-format", "FORMAT", "how log lines look: text, or json (one object per line)", "text"},
        {"--list-agents", "", "print the agents and what they do", ""},
        {"--list-bus-options", "", "print the buses and their options", ""},
        {"--version", "", "print the version", ""},
    };
    options.insert(options.end(), shared_options().begin(), shared_options().end());
    return options;
  }();
  return kOptions;
}

std::span<const std::string> known_modules() {
  static const std::vector<std::string> kModules = {"rebus.agents", "rebus_demo.agents", "bnew.agents"};
  return kModules;
}

Result<std::string> read_output_format(const Options& options) {
  std::string format = options.text("output");
  if (is_one_of(format, {"text", "json"})) return format;
  return usage_error("no output format '" + escape(format) + "': there are text and json");
}

Result<unsigned> read_jobs(const Options& options) {
  return parse_count("--jobs", options.text("jobs"), 1, kMaxJobs);
}

Result<Globals> read_globals(const Options& options) {
  Globals globals;
  read_logging(options, globals);
  for (auto read : {read_bus, read_storage, read_domain, read_limits, read_sandbox, read_shared}) {
    if (auto done = read(options, globals); !done) return done.error();
  }
  if (auto known = check_modules(options); !known) return known.error();
  return globals;
}

}  // namespace rebus
