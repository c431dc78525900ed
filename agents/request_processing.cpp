// request_processing: has agents process what waits until somebody asks.
#include <span>

#include "agents/support/pattern.h"
#include "agents/support/rendering.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

class RequestProcessing final : public Agent {
 public:
  explicit RequestProcessing(const Setting& setting) : setting_(setting) {}

  Result<void> run(Bus& bus) override {
    auto seqs = chosen(bus);
    if (!seqs) return seqs.error();
    for (const std::string& agent : std::span(setting_.options.arguments()).subspan(2)) {
      auto asked = ask(bus, agent, *seqs);
      if (!asked) return asked;
    }
    return {};
  }

 private:
  // What SELECTOR stands for.
  Result<std::vector<Seq>> chosen(Bus& bus) const {
    const std::string& text = setting_.options.arguments()[1];
    Domain domain = *Domain::parse(setting_.options.arguments()[0]);
    Find query;
    query.by = setting_.options.flag("prefix")  ? By::kPrefix
               : setting_.options.flag("regex") ? By::kRegex
                                                : By::kSelector;
    query.domain = domain;
    query.text = text;
    std::vector<Seq> seqs;
    auto found = bus.for_each(query, [&](Record& record) { return seqs.push_back(record.seq), true; });
    if (!found) return found.error();
    if (!seqs.empty()) return seqs;
    return Error{Code::kNotFound, "nothing in domain " + domain.str() + " matches " + escape(text)};
  }

  Result<void> ask(Bus& bus, const std::string& agent, std::span<const Seq> seqs) {
    Asked sum;
    while (!seqs.empty()) {
      auto part = seqs.first(std::min(seqs.size(), kMaxAsked));
      auto asked = bus.ask(agent, {part.begin(), part.end()}, setting_.options.flag("force"));
      if (!asked) return asked.error();
      sum.due += asked->due, sum.handled += asked->handled, sum.not_taken += asked->not_taken;
      seqs = seqs.subspan(part.size());
    }
    tell(agent, sum);
    return {};
  }

  void tell(const std::string& agent, const Asked& asked) {
    if (wants_json(setting_)) {
      JsonObject json;
      json.add("agent", agent).add("due", asked.due).add("handled", asked.handled);
      return setting_.out.write(json.add("not_taken", asked.not_taken).str() + "\n");
    }
    std::string line = counted(asked.due, "descriptor") + " will be processed by " + escape(agent);
    if (asked.handled > 0) {
      line += "; " + std::to_string(asked.handled) + " it has handled already: --force has it done again";
    }
    if (asked.not_taken > 0)
      line += "; " + std::to_string(asked.not_taken) + " are of a kind it does not take";
    setting_.out.note(line);
  }

  Setting setting_;
};

Result<void> declare(const Options& options, Hello&) {
  const auto& arguments = options.arguments();
  auto domain = Domain::parse(arguments[0]);
  if (!domain) return domain.error();
  if (options.flag("prefix") && options.flag("regex")) {
    return Error{Code::kInvalid, "--prefix and --regex: give one of them"};
  }
  if (options.flag("regex")) {
    auto pattern = Pattern::compile(arguments[1]);
    return pattern ? Result<void>() : pattern.error();
  }
  if (options.flag("prefix")) {
    bool is_prefix = is_path_prefix(arguments[1]);
    return is_prefix ? Result<void>() : Error{Code::kInvalid, "not a type path: " + escape(arguments[1])};
  }
  auto selector = Selector::parse(arguments[1]);
  if (!selector) return selector.error();
  bool is_whole = selector->id() || selector->version();
  if (is_whole) return {};
  return Error{
      Code::kInvalid,
      escape(arguments[1]) + " is no selector of one descriptor: give one with %… or ~…, or add --prefix"};
}

constexpr const char* kHelp =
    R"(Has each AGENT process what SELECTOR of DOMAIN stands for. Agents in interactive mode (--mode interactive) only look
whether a descriptor is of interest to them; it is then *processable*, and waits until it is asked for, here. What an agent
has handled before is left alone, unless --force says that it is to be done again; what it has not come to yet is done as
soon as it is there. An agent in idle or complete mode adds it to what it collects.

Says for each AGENT, on standard error, how many descriptors that are; with -o json, on standard output, as
{"agent": …, "due": N, "handled": N, "not_taken": N}. Exit code 1 if there is no such descriptor or agent.

Examples:
  rebus_agent --bus zmq unarchive --mode interactive
  rebus_agent --bus zmq request_processing default /archive unarchive --prefix
  rebus_agent --bus zmq request_processing default /binary/elf/%5eaf5491… hasher file_id --force)";

}  // namespace

extern const AgentSpec request_processing_agent;
const AgentSpec request_processing_agent = {
    .name = "request_processing",
    .summary = "have agents process what waits to be asked for",
    .help = kHelp,
    .role = Role::kClient,
    .options = {{.name = "--prefix", .help = "SELECTOR is a type path: all below it"},
                {.name = "--regex", .help = "SELECTOR is an RE2 regex, matched from the start of selectors"},
                {.name = "-f,--force", .help = "also what the agents have handled already"}},
    .arguments = {"DOMAIN SELECTOR AGENT", "domain, what to process, and by whom", 3, ArgumentsSpec::kMany},
    .waits_for_idle = true,
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> {
      return std::make_unique<RequestProcessing>(setting);
    },
    .declare = declare,
};

}  // namespace rebus
