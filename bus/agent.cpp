#include "bus/agent.h"

#include "descriptor/escape.h"

namespace rebus {

Result<void> Agent::process(Work&) { return Error{Code::kFailed, "this agent processes nothing"}; }
Result<void> Agent::bulk_process(BulkWork&) {
  return Error{Code::kFailed, "this agent has no work on all that it collected"};
}
Result<void> Agent::run(Bus&) { return Error{Code::kFailed, "this agent is no program of its own"}; }

std::vector<OptionSpec> options_of(const AgentSpec& spec) {
  std::vector<OptionSpec> options = spec.options;
  if (spec.role != Role::kConsumer || spec.modes.size() < 2) return options;
  std::string names;
  for (Mode mode : spec.modes) names += (names.empty() ? "" : ", ") + std::string(mode_name(mode));
  options.push_back({.name = "--mode",
                     .metavar = "MODE",
                     .help = "when to work: " + names + "; default: as before on this bus, at first " +
                             mode_name(spec.modes.front()),
                     .neutral = true});
  return options;
}

// `strict`: the figures for triage of hostile uploads; `server`: a bus for a team; `local`: one's own chain.
Result<Limits> limits_of_profile(const std::string& profile) {
  constexpr uint64_t kMiB = 1 << 20, kGiB = 1 << 30;
  Limits limits;
  limits.profile = profile;
  if (profile == "local") {
    limits.container_bytes = limits.submission_bytes = 16 * kGiB;
    limits.ratio_bonus = true;
  } else if (profile == "server") {
    limits.levels = 32;
    limits.entries = 200'000;
    limits.entry_bytes = 16 * kGiB;
    limits.container_bytes = 64 * kGiB;
    limits.submission_bytes = 256 * kGiB;
    limits.time = std::chrono::seconds(1800);
  } else if (profile == "strict") {
    limits.levels = 12;
    limits.entries = 5'000;
    limits.entry_bytes = 256 * kMiB;
    limits.container_bytes = 1 * kGiB;
    limits.submission_bytes = 4 * kGiB;
    limits.submission_files = 50'000;
    limits.name_bytes = 1024;
    limits.time = std::chrono::seconds(120);
  } else {
    return Error{Code::kInvalid, "no profile '" + escape(profile) + "': local, server or strict"};
  }
  return limits;
}

}  // namespace rebus
