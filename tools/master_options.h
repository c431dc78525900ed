// What rebus_master is told on its command line.
#pragma once

#include <string>
#include <variant>

#include "bus/address.h"
#include "bus/agent.h"
#include "storage/storage.h"

namespace rebus {

struct MasterSetting {
  Address address;
  StorageOptions storage;
  Limits limits;
  bool insecure_tcp = false;
  unsigned verbosity = 1;  // 0: warnings, 1: what happens, 2: everything
  std::string log_file;    // empty: standard error
  bool syslog = false;
  std::string log_format = "text";  // or "json"
};

// The program ends at once: `text` was asked for (standard output), or is a complaint (standard error).
struct EarlyEnd {
  int exit_code = 0;
  std::string text;
};

// The environment gives $REBUS_BUSADDR, $XDG_RUNTIME_DIR, $XDG_DATA_HOME and $HOME.
std::variant<MasterSetting, EarlyEnd> read_master_options(int argc, const char* const* argv,
                                                          const char* version);

}  // namespace rebus
