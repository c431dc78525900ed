// strace_x86_64: runs programs for x86_64 and gives what they did.
#include "agents/support/strace/strace_agent.h"

namespace rebus {
namespace {

constexpr SampleArchitecture kArchitecture{"x86_64", 62};

}  // namespace

extern const AgentSpec strace_x86_64_agent;
const AgentSpec strace_x86_64_agent = {
    .name = "strace_x86_64",
    .summary = "run programs for x86_64 in a sandbox and tell what they did",
    .help = strace_help(kArchitecture),
    .role = Role::kConsumer,
    .prefixes = {"/binary/elf/x86_64"},
    .objects_only = true,
    .yields = {"/strace", std::string(kLimitPath)},
    .options = strace_options(),
    .make = [](const Setting& setting) { return make_strace(kArchitecture, setting.options); },
    .declare = [](const Options& options,
                  Hello& hello) { return declare_strace(kArchitecture, options, hello); },
};

}  // namespace rebus
