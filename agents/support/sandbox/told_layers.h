// What an agent tells of the sandbox that it looks at hostile bytes in: it stands on all that it makes.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agents/support/sandbox/parser_process.h"
#include "bus/agent.h"

namespace rebus {

// The layers that are there in their own words, such as "landlock 7", and "no landlock" for one of `all` that
// is not; "none" alone: there is no sandbox (--sandbox none).
using ToldLayers = std::vector<std::string>;

// `there`: as enter_cage() gives them; of a cell as ChildEnd has them.
ToldLayers told_cage(const std::vector<std::string>& there);
ToldLayers told_cell(const std::vector<std::string>& there);
// Of a worker, which it starts: errors as those of ParserProcess::start().
Result<ToldLayers> told_cage(ParserProcess&& worker);

// Adds it to what the agent has told before, of another worker, if it can work at all.
Result<void> tell_sandbox(Hello& hello, const Result<ToldLayers>& told);

// What is missing, in words for people such as "without landlock", or ""; of Descriptor::sandbox, which is as
// hostile as whoever made the descriptor.
std::string missing_layers(const ToldLayers& told);

}  // namespace rebus
