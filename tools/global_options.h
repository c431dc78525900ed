// What stands before the first agent of a chain.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "agents/support/sandbox/sandbox_level.h"
#include "bus/agent.h"
#include "storage/storage.h"

namespace rebus {

// Of rebus_agent itself.
std::span<const OptionSpec> global_options();
// Those that may also stand among an agent's own.
std::span<const OptionSpec> shared_options();

// Names that -m accepts; all that they name is built in.
std::span<const std::string> known_modules();

struct Globals {
  Domain domain;
  unsigned verbosity = 0;  // 0: warnings, 1: what happens, 2: all
  std::string log_file;
  std::string log_format = "text";  // or "json"
  bool syslog = false;
  bool networked = false;
  std::string bus_address;  // empty: the usual one
  bool insecure_tcp = false;
  StorageOptions storage;
  bool until_idle = false;
  SandboxLevel sandbox = SandboxLevel::kRequired;
  Limits limits;
  bool has_own_limits = false;  // that were asked for; else a networked bus has its own
  std::string output_format = "text";
  unsigned jobs = 1;
  bool raw_names = false;
  bool all_domains = false;
};

// kInvalid tells what is wrong.
Result<Globals> read_globals(const Options& options);
// Of the shared options.
Result<std::string> read_output_format(const Options& options);  // "text" or "json"
Result<unsigned> read_jobs(const Options& options);

}  // namespace rebus
