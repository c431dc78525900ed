// What the texts of options mean, with errors that name the option.
#pragma once

#include "bus/agent.h"

namespace rebus {

// A count such as "20". `fallback` if the option was not given.
Result<uint64_t> count_option(const Options& options, const std::string& name, uint64_t fallback);

// 4 to 64 hex digits, in lower case; empty if the option was not given.
Result<std::string> digest_option(const Options& options, const std::string& name);

// A time as parse_when() reads it (utc.h); 0 if the option was not given.
Result<int64_t> when_option(const Options& options, const std::string& name);

}  // namespace rebus
