// clock: gives something else at every run, two results in one step. Whoever finds other than one of each for
// a file knows that a step was stored twice, or in part.
#include <chrono>

#include "bus/agent.h"
#include "descriptor/descriptor.h"

namespace rebus {
namespace {

class Clock final : public Agent {
 public:
  Result<void> process(Work& work) override {
    auto begun = work.push("/clock/begin", reading(), Kind::kText);
    return begun ? work.push("/clock/end", reading(), Kind::kText) : begun;
  }

 private:
  static std::string reading() {
    auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    return std::to_string(now) + " " + to_hex(as_bytes(random_salt()));
  }
};

std::unique_ptr<Agent> make(const Setting&) { return std::make_unique<Clock>(); }

}  // namespace

extern const AgentSpec clock_agent;
const AgentSpec clock_agent = {
    .name = "clock",
    .summary = "What time it is when a file is looked at",
    .help = "Takes every file; gives /clock/begin and /clock/end, another one at each run.",
    .prefixes = {"/"},
    .objects_only = true,
    .make = make,
};

}  // namespace rebus
