// ls_idle: lists what came in, when the bus is idle.
#include "agents/support/listing.h"
#include "agents/support/option_values.h"

namespace rebus {
namespace {

class LsIdle final : public Agent {
 public:
  explicit LsIdle(const Setting& setting)
      : setting_(setting), limit_(*count_option(setting.options, "limit", UINT64_MAX)) {}

  Result<void> bulk_process(BulkWork& work) override {
    auto names = CurrentNames::begin(work.bus());
    if (!names) return names.error();
    uint64_t left = limit_;
    Result<void> printed;
    auto listed = work.for_each([&](Record& record) {
      if (left == 0 || !is_of_own_domain(record)) return left > 0;
      left--;
      auto line = listing_line(setting_, record, *names);
      if (line) setting_.out.write(*line);
      if (!line) printed = line.error();
      return printed.ok();
    });
    return listed ? printed : listed;
  }

 private:
  bool is_of_own_domain(const Record& record) const {
    return setting_.all_domains || record.descriptor.domain == setting_.domain;
  }

  Setting setting_;
  uint64_t limit_;
};

Result<void> declare(const Options& options, Hello&) {
  auto limit = count_option(options, "limit", 0);
  return limit ? Result<void>() : limit.error();
}

constexpr const char* kHelp =
    R"(Collects every descriptor, and whenever the bus is idle prints the selectors of what came in since the last time, one
per line. Its progress is stored: on a bus that remembers nothing is printed twice. `ls` lists what is stored whenever it
is asked.

With -o json: one object per line, with all metadata and the names of the file.

Examples:
  rebus_agent hasher ls_idle inject /bin/ls
  rebus_agent --bus zmq ls_idle --limit 100)";

}  // namespace

extern const AgentSpec ls_idle_agent;
const AgentSpec ls_idle_agent = {
    .name = "ls_idle",
    .summary = "list what came in, whenever the bus is idle",
    .help = kHelp,
    .prefixes = {"/"},
    .modes = {Mode::kIdle},
    .options = {{.name = "--limit", .metavar = "N", .help = "how many at most, each time", .neutral = true}},
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> {
      return std::make_unique<LsIdle>(setting);
    },
    .declare = declare,
};

}  // namespace rebus
