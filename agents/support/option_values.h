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

// --domain of an agent that asks about one; `fallback`, that of -d, if it was not given.
Result<Domain> domain_option(const Options& options, const Domain& fallback);

// --selector-prefix: type paths to take instead of those of the specification.
Result<void> declare_prefixes(const Options& options, Hello& hello);

// The begin of a selector, byte by byte: "/sig" is the begin of /signature/md5/%…, "/md5_hash/%5eaf" of one
// identity.
Result<void> check_selector_begin(const std::string& text);

}  // namespace rebus
