// retry: has failed tasks handed out again.
#include "agents/support/rendering.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

class RetryFailed final : public Agent {
 public:
  explicit RetryFailed(const Setting& setting) : setting_(setting) {}

  Result<void> run(Bus& bus) override {
    const auto& arguments = setting_.options.arguments();
    Seq seq = 0;
    if (arguments.size() > 1) {
      auto found = position_of(bus, arguments[1]);
      if (!found) return found.error();
      seq = *found;
    }
    auto count = bus.retry(arguments[0], seq);
    if (!count) return count.error();
    tell(arguments[0], *count);
    return {};
  }

 private:
  Result<Seq> position_of(Bus& bus, const std::string& text) {
    auto selector = Selector::parse(text);
    if (!selector) return selector.error();
    auto record = bus.get(setting_.domain, *selector);
    return record ? Result<Seq>(record->seq) : record.error();
  }

  void tell(const std::string& agent, uint64_t count) {
    if (wants_json(setting_)) {
      setting_.out.write(JsonObject().add("agent", agent).add("retried", count).str() + "\n");
    } else {
      setting_.out.note(counted(count, "task") + " of " + escape(agent) + " will be tried again");
    }
  }

  Setting setting_;
};

constexpr const char* kHelp =
    R"(Has what AGENT failed on, and what is quarantined for it, handed out again as if it had never been tried: see
`ls_failed`. With SELECTOR: only that one. Worth it after the agent was repaired or upgraded, or when what it needed was
missing; the agent need not be there now.

Says on standard error how many there are; with -o json: {"agent": …, "retried": N} on standard output.

Examples:
  rebus_agent --bus zmq retry unarchive
  rebus_agent --storage rocksdb --path case7 retry hasher :: hasher -- ls_failed)";

}  // namespace

extern const AgentSpec retry_agent;
const AgentSpec retry_agent = {
    .name = "retry",
    .summary = "have failed and quarantined tasks of an agent tried again",
    .help = kHelp,
    .role = Role::kClient,
    .arguments = {"AGENT [SELECTOR]", "whose failures, and only of this descriptor", 1, 2},
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> {
      return std::make_unique<RetryFailed>(setting);
    },
};

}  // namespace rebus
