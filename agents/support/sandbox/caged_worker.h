// What workers that parse in a cage have in common.
#pragma once

#include <functional>
#include <string_view>

#include "agents/parsers/parser_link.h"
#include "agents/support/sandbox/cage.h"

namespace rebus {

// The main of a worker that an agent starts, with its socket as standard input: opens what it needs, enters
// the cage of the level of this name (cage.h), says so, and serves until the agent is gone. The exit code;
// -1: there is no such level.
int run_caged_worker(std::string_view level, const std::function<Result<void>()>& prepare,
                     const std::function<void(ParserLink&)>& serve, const CageLimits& limits = {});

}  // namespace rebus
