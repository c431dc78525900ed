// processed_stats: how far each consumer is.
#include <algorithm>

#include "agents/support/option_values.h"
#include "agents/support/rendering.h"
#include "agents/support/taking.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

// One consumer, and what it has to do with the domain.
struct Tally {
  Consumer consumer;
  uint32_t instances = 0;
  Taking taking;
  uint64_t done = 0, total = 0;
};

bool is_marked(const std::vector<NamedMark>& marks, const Consumer& consumer) {
  return std::ranges::any_of(marks, [&](const NamedMark& mark) {
    return mark.agent == consumer.agent && mark.config == consumer.config;
  });
}

class ProcessedStats final : public Agent {
 public:
  explicit ProcessedStats(const Setting& setting)
      : setting_(setting), domain_(*domain_option(setting.options, setting.domain)) {}

  Result<void> run(Bus& bus) override {
    if (setting_.all_domains) {
      return Error{Code::kInvalid,
                   "processed_stats counts in one domain: name it with --domain, without --all-domains"};
    }
    auto status = bus.status();
    if (!status) return status.error();
    for (const ConsumerStatus& entry : status->consumers) add(entry);
    auto counted = count(bus, status->head);
    if (!counted) return counted;
    for (const Tally& tally : tallies_) setting_.out.write(line(tally));
    return {};
  }

 private:
  void add(const ConsumerStatus& entry) {
    Tally tally{entry.consumer, entry.instances, Taking::of(entry)};
    if (tally.taking.serves(domain_)) tallies_.push_back(std::move(tally));
  }

  // Everything up to `head`.
  Result<void> count(Bus& bus, Seq head) {
    Find query;
    query.by = By::kPrefix;
    query.text = "/";
    query.domain = domain_;
    Result<void> counted;
    auto found = bus.for_each(query, [&](Record& record) {
      if (record.seq <= head) counted = count(bus, record);
      return counted.ok();
    });
    return found ? counted : found;
  }

  // Marks are asked for only above the watermarks: of what is still being worked on.
  Result<void> count(Bus& bus, const Record& record) {
    std::optional<std::vector<NamedMark>> marks;
    for (Tally& tally : tallies_) {
      if (!tally.taking.includes(record.descriptor)) continue;
      tally.total++;
      bool is_done = record.seq <= tally.consumer.watermark[static_cast<size_t>(record.lane)];
      if (!is_done && !marks) {
        auto asked = bus.marks(record.seq);
        if (!asked) return asked.error();
        marks = *std::move(asked);
      }
      if (is_done || is_marked(*marks, tally.consumer)) tally.done++;
    }
    return {};
  }

  std::string line(const Tally& tally) const {
    return wants_json(setting_) ? json_line(tally) : text_line(tally);
  }

  static std::string text_line(const Tally& tally) {
    const Consumer& consumer = tally.consumer;
    std::string name = consumer.agent;
    if (consumer.config != "{}") name += " " + escape(consumer.config);
    if (!consumer.domain.is_default()) name += " of domain " + consumer.domain.str();
    return name + ": " + std::to_string(tally.done) + "/" + std::to_string(tally.total) + "\n";
  }

  std::string json_line(const Tally& tally) const {
    JsonObject json;
    json.add("agent", tally.consumer.agent).add("domain", domain_.str()).add("instances", tally.instances);
    json.add("consumer_domain", tally.consumer.domain.str())
        .add("done", tally.done)
        .add("total", tally.total);
    std::string options = ascii_json(tally.consumer.config);
    options.empty() ? json.add("options", tally.consumer.config) : json.add_json("options", options);
    return json.str() + "\n";
  }

  Setting setting_;
  Domain domain_;
  std::vector<Tally> tallies_;
};

Result<void> declare(const Options& options, Hello&) {
  auto domain = domain_option(options, Domain());
  return domain ? Result<void>() : domain.error();
}

constexpr const char* kHelp =
    R"(Prints one line per consumer that the bus knows, at work or not:

  AGENT: DONE/TOTAL

TOTAL counts the files and results of the domain that concern the consumer, by their type paths; DONE those that it
has handled: processed, left (as it looked closer), or failed on. `tree` tells what failed. Options that make a consumer
of its own stand behind the name. In one process processed_stats waits until all work is done, so that less than
everything means: no such agent is running.

Everything in the domain is looked at, some 100,000 descriptors a second; from a master, as fast as the line carries
their small values.

With -o json: one object per consumer, with agent, options, domain, consumer_domain (default: it serves all), instances,
done and total.

Examples:
  rebus_agent --bus zmq processed_stats
      hasher: 2/2
      hasher {"algorithms":["sha1"]}: 0/2
      unarchive: 1/1)";

}  // namespace

extern const AgentSpec processed_stats_agent;
const AgentSpec processed_stats_agent = {
    .name = "processed_stats",
    .summary = "how much each agent has handled",
    .help = kHelp,
    .role = Role::kClient,
    .options = {{.name = "--domain",
                 .metavar = "DOMAIN",
                 .help = "count in this domain instead of that of -d",
                 .fallback = {}}},
    .waits_for_idle = true,
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> {
      return std::make_unique<ProcessedStats>(setting);
    },
    .declare = declare,
};

}  // namespace rebus
