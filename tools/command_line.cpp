#include "tools/command_line.h"

#include "descriptor/escape.h"
#include "tools/option_parser.h"
#include "tools/suggestion.h"

namespace rebus {
namespace {

bool is_separator(const std::string& token) { return token == "--" || token == "::"; }

// One left-to-right reading of the tokens.
class CallReader {
 public:
  CallReader(std::span<const std::string> tokens, std::span<const AgentSpec* const> agents,
             const std::function<bool(const std::string&)>& file_exists)
      : tokens_(tokens), agents_(agents), file_exists_(file_exists) {}

  Result<CommandLine> read();

 private:
  Result<void> read_global_options();
  Result<void> read_stages();
  Result<void> read_separator();
  Result<void> read_agent();
  Result<void> read_agent_option(OptionParser& own, OptionParser& shared, const AgentSpec& spec);
  Result<std::vector<std::string>> read_agent_words(OptionParser& own, OptionParser& shared,
                                                    const AgentSpec& spec);
  Result<void> apply_shared(const OptionParser& shared, AgentCall& call);
  Result<void> check_forgotten_separator(const AgentSpec& spec, const std::string& argument) const;

  const AgentSpec* find(const std::string& name) const;
  Error unknown_agent(const std::string& name) const;
  Error unknown_option(const std::string& token, const std::string& owner, const OptionParser& parser) const;
  Error misplaced_option(const std::string& token, const AgentSpec& spec) const;
  bool wants_page() const { return line_.action != Action::kRun; }
  void want_page(const OptionParser& parser);

  Tokens tokens_;
  std::span<const AgentSpec* const> agents_;
  const std::function<bool(const std::string&)>& file_exists_;
  CommandLine line_;
};

Result<CommandLine> CallReader::read() {
  if (auto done = read_global_options(); !done) return done.error();
  if (wants_page()) return line_;
  if (tokens_.empty()) return usage_error("no agent given; `rebus_agent --help` tells how to call it");
  if (auto done = read_stages(); !done) return done.error();
  return line_;
}

Result<void> CallReader::read_global_options() {
  OptionParser parser("rebus_agent", global_options());
  while (!tokens_.empty() && looks_like_option(tokens_.front()) && !is_separator(tokens_.front())) {
    if (!parser.knows(tokens_.front())) return unknown_option(tokens_.front(), "rebus_agent", parser);
    if (auto taken = parser.take(tokens_); !taken) return taken;
    want_page(parser);
    if (wants_page()) return {};
  }
  auto globals = read_globals(parser.options());
  if (!globals) return globals.error();
  line_.globals = *globals;
  return {};
}

void CallReader::want_page(const OptionParser& parser) {
  static constexpr std::pair<const char*, Action> kPages[] = {{"help", Action::kHelp},
                                                              {"list-agents", Action::kListAgents},
                                                              {"list-bus-options", Action::kListBusOptions},
                                                              {"version", Action::kVersion}};
  for (const auto& [name, action] : kPages) {
    if (parser.given(name)) line_.action = action;
  }
}

Result<void> CallReader::read_stages() {
  line_.stages.emplace_back();
  while (!tokens_.empty() && !wants_page()) {
    auto done = is_separator(tokens_.front()) ? read_separator() : read_agent();
    if (!done) return done;
  }
  if (line_.stages.back().empty() && !wants_page()) return usage_error("nothing follows the last `::`");
  return {};
}

Result<void> CallReader::read_separator() {
  std::string separator = tokens_.take();
  if (line_.stages.back().empty()) return usage_error("no agent stands before `" + separator + "`");
  if (separator == "::") line_.stages.emplace_back();
  return {};
}

Result<void> CallReader::read_agent() {
  std::string name = tokens_.take();
  AgentCall call;
  call.spec = find(name);
  if (!call.spec) return unknown_agent(name);
  OptionParser own(name, options_of(*call.spec));
  OptionParser shared(name, shared_options());
  auto arguments = read_agent_words(own, shared, *call.spec);
  if (!arguments) return arguments.error();
  if (wants_page()) return {};
  call.options = own.options();
  call.options.set_arguments(std::move(*arguments));
  if (auto done = apply_shared(shared, call); !done) return done;
  line_.stages.back().push_back(std::move(call));
  return {};
}

// Options and arguments, up to a separator or the next agent. Gives the arguments.
Result<std::vector<std::string>> CallReader::read_agent_words(OptionParser& own, OptionParser& shared,
                                                              const AgentSpec& spec) {
  std::vector<std::string> arguments;
  while (!tokens_.empty() && !is_separator(tokens_.front()) && !wants_page()) {
    if (looks_like_option(tokens_.front())) {
      if (auto done = read_agent_option(own, shared, spec); !done) return done.error();
      continue;
    }
    if (arguments.size() >= spec.arguments.max) break;
    if (auto done = check_forgotten_separator(spec, tokens_.front()); !done) return done.error();
    arguments.push_back(tokens_.take());
  }
  if (arguments.size() < spec.arguments.min && !wants_page()) {
    return usage_error(spec.name + " needs " + spec.arguments.metavar + " (`rebus_agent " + spec.name +
                       " --help` tells more)");
  }
  return arguments;
}

Result<void> CallReader::read_agent_option(OptionParser& own, OptionParser& shared, const AgentSpec& spec) {
  const std::string token = tokens_.front();
  OptionParser& parser = own.knows(token) ? own : shared;
  if (!parser.knows(token)) return misplaced_option(token, spec);
  if (auto taken = parser.take(tokens_); !taken) return taken;
  if (!shared.given("help")) return {};
  line_.action = Action::kAgentHelp;
  line_.topic = &spec;
  return {};
}

// -o is for the whole chain wherever it stands; the others are for this agent.
Result<void> CallReader::apply_shared(const OptionParser& shared, AgentCall& call) {
  Options options = shared.options();
  if (shared.given("output")) {
    auto format = read_output_format(options);
    if (!format) return format.error();
    line_.globals.output_format = *format;
  }
  auto jobs = read_jobs(options);
  if (!jobs) return jobs.error();
  call.jobs = shared.given("jobs") ? *jobs : line_.globals.jobs;
  call.raw_names = line_.globals.raw_names || options.flag("raw-names");
  call.all_domains = line_.globals.all_domains || options.flag("all-domains");
  return {};
}

// "inject a.tgz return --short": an agent's name where a file is expected, and no such file.
Result<void> CallReader::check_forgotten_separator(const AgentSpec& spec, const std::string& argument) const {
  bool takes_files = spec.arguments.metavar.find("FILE") != std::string::npos;
  if (!takes_files || !find(argument) || file_exists_(argument)) return {};
  return usage_error(spec.name + ": no file '" + argument + "': did you mean `-- " + argument + "`?");
}

const AgentSpec* CallReader::find(const std::string& name) const {
  for (const auto* spec : agents_) {
    if (spec->is_called(name)) return spec;
  }
  return nullptr;
}

Error CallReader::unknown_agent(const std::string& name) const {
  std::vector<std::string> names;
  for (const auto* spec : agents_) names.push_back(spec->name);
  if (looks_like_option(name)) return usage_error("option " + escape(name) + " stands after no agent");
  return usage_error("no agent '" + escape(name) + "'" + did_you_mean(name, names) +
                     " (`rebus_agent --list-agents` lists all)");
}

Error CallReader::unknown_option(const std::string& token, const std::string& owner,
                                 const OptionParser& parser) const {
  std::string name = token.substr(0, token.find('='));
  std::string call = owner == "rebus_agent" ? owner : "rebus_agent " + owner;
  std::string file = file_exists_(token) ? "; for the file of that name say ./" + escape(token) : "";
  return usage_error(owner + " has no option " + escape(name) + did_you_mean(name, parser.names()) + file +
                     " (`" + call + " --help` lists all)");
}

Error CallReader::misplaced_option(const std::string& token, const AgentSpec& spec) const {
  std::string name = token.substr(0, token.find('='));
  OptionParser global("rebus_agent", global_options());
  if (!global.knows(token))
    return unknown_option(token, spec.name, OptionParser(spec.name, options_of(spec)));
  return usage_error(spec.name + " has no option " + escape(name) + ": it belongs before the first agent");
}

}  // namespace

Result<CommandLine> parse_command_line(std::span<const std::string> tokens,
                                       std::span<const AgentSpec* const> agents,
                                       const std::function<bool(const std::string&)>& file_exists) {
  return CallReader(tokens, agents, file_exists).read();
}

}  // namespace rebus
