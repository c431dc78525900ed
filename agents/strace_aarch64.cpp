// strace_aarch64: runs programs for aarch64 and gives what they did.
#include "agents/support/strace/strace_agent.h"

namespace rebus {
namespace {

constexpr SampleArchitecture kArchitecture{"aarch64", 183};

}  // namespace

extern const AgentSpec strace_aarch64_agent;
const AgentSpec strace_aarch64_agent = {
    .name = "strace_aarch64",
    .summary = "run programs for aarch64 in a sandbox and tell what they did",
    .help = strace_help(kArchitecture),
    .role = Role::kConsumer,
    .prefixes = {"/binary/elf/aarch64"},
    .objects_only = true,
    .yields = {"/strace", std::string(kLimitPath)},
    .options = strace_options(),
    .make = [](const Setting& setting) { return make_strace(kArchitecture, setting.options); },
    .declare = [](const Options& options,
                  Hello& hello) { return declare_strace(kArchitecture, options, hello); },
};

}  // namespace rebus
