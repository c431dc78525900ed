#include "tools/help.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

#include "tools/global_options.h"
#include "tools/option_parser.h"

namespace rebus {
namespace {

constexpr size_t kIndent = 4;
constexpr size_t kExplanation = 30;  // column where explanations begin

constexpr const char* kSynopsis =
    R"(    rebus_agent [OPTIONS] AGENT [ARGUMENTS] [[--] AGENT [ARGUMENTS]]... [:: STAGE]...
    rebus_agent AGENT --help
)";

constexpr const char* kDescription =
    "Runs a chain of agents on a bus. Some agents push files (inject), some process what interests them "
    "and push results (unarchive, hasher), some print (return, ls). Each agent decides for itself what it "
    "takes; the order in which agents are named does not matter.\n\n"
    "Options belong to the agent named before them. An agent takes its arguments and then the next agent "
    "follows; `--` ends the arguments of an agent that takes any number.";

constexpr const char* kStages =
    "`::` begins the next stage. It starts when everything that the stages before it injected has been "
    "handled; their consumers stay. In one process the chain ends by itself, and agents that look "
    "something up (ls, cat, tree) wait until their stage has settled. On a networked bus consumers and "
    "printing agents stay until they are stopped (SIGINT, SIGTERM), unless --until-idle is given.\n\n"
    "With --storage rocksdb --path DIR everything is kept: the same command after a crash or a kill goes "
    "on where it was and prints everything.";

constexpr const char* kExitStatus =
    R"(    0    complete; also when whoever reads standard output closed the pipe, and
         when agents that serve a networked bus are stopped
    1    an input could not be read
    2    usage
    3    incomplete: an agent failed on something, a limit was reached, or
         something is encrypted; standard error names it
    75   the storage, the bus or standard output failed
    130  interrupted; a second signal ends the program at once
)";

constexpr const char* kExamples =
    R"(    The MD5 of every program in an archive:
        rebus_agent hasher unarchive inject apt1.tgz -- return --short md5_hash

    What is in it, as a tree, once everything is unpacked:
        rebus_agent unarchive inject apt1.tgz :: tree

    Work that can be killed and run again:
        rebus_agent --storage rocksdb --path ~/case7 --jobs 2 hasher unarchive \
            inject --recursive /evidence -- return --short md5_hash

    Agents around a rebus_master, each in its own terminal:
        rebus_agent --bus zmq unarchive
        rebus_agent --bus zmq hasher
        rebus_agent --bus zmq inject --wait apt1.tgz
)";

std::string title(const std::string& text) { return "\n" + text + "\n"; }

// "-o, --output FORMAT"
std::string option_head(const OptionSpec& spec) {
  std::string head;
  for (const auto& name : option_names(spec)) head += (head.empty() ? "" : ", ") + name;
  return spec.metavar.empty() ? head : head + " " + spec.metavar;
}

std::string option_text(const OptionSpec& spec) {
  std::string text = spec.help;
  if (spec.list) text += "; commas separate, may be repeated";
  if (!spec.fallback.empty()) text += " (default: " + spec.fallback + ")";
  return text;
}

std::string joined(const std::vector<std::string>& words) {
  std::string list;
  for (const auto& word : words) list += (list.empty() ? "" : ", ") + word;
  return list;
}

std::string agent_synopsis(const AgentSpec& spec) {
  std::string line = "rebus_agent … " + spec.name;
  if (!options_of(spec).empty()) line += " [OPTIONS]";
  const auto& takes = spec.arguments;
  if (takes.max == 0) return line;
  std::string argument = takes.metavar + (takes.max > 1 ? "…" : "");
  line += takes.min == 0 ? " [" + argument + "]" : " " + argument;
  return takes.max == ArgumentsSpec::kMany ? line + " [-- AGENT …]" : line;
}

// What it is given to do, in words.
std::string takes_text(const AgentSpec& spec) {
  switch (spec.role) {
    case Role::kProducer:
      return spec.waits_for_idle ? "Nothing: it asks the bus, and pushes what it makes of the answers."
                                 : "Nothing: it pushes what it is given on the command line.";
    case Role::kClient:
      if (spec.stays) return "Nothing: it pushes what it finds, until it is stopped.";
      return "Nothing: it asks the bus" +
             std::string(spec.waits_for_idle ? ", in one process when the stage has settled." : ".");
    default:
      break;
  }
  std::string what = spec.objects_only ? "Files (no results)" : "Files and results";
  return what + " whose selector begins with " + joined(spec.prefixes) + ".";
}

std::string shared_note() {
  std::string names;
  for (const auto& spec : shared_options()) names += (names.empty() ? "" : ", ") + option_names(spec).back();
  return "Also: " + names + "; see rebus_agent --help.";
}

// The words of one paragraph.
std::string fill(const std::string& paragraph, const std::string& margin, size_t width) {
  std::istringstream words(paragraph);
  std::string word, row, rows;
  while (words >> word) {
    if (!row.empty() && margin.size() + row.size() + 1 + word.size() > width) {
      rows += margin + std::exchange(row, {}) + "\n";
    }
    row += (row.empty() ? "" : " ") + word;
  }
  return row.empty() ? rows : rows + margin + row + "\n";
}

}  // namespace

std::string help_entry(const std::string& term, const std::string& meaning) {
  std::string head = std::string(kIndent, ' ') + term;
  std::string body = wrap(meaning, kExplanation);
  if (head.size() + 2 > kExplanation) return head + "\n" + body;
  return head + body.substr(std::min(head.size(), body.size()));
}

std::string help_options(std::span<const OptionSpec> specs) {
  std::string list;
  for (const auto& spec : specs) list += help_entry(option_head(spec), option_text(spec));
  return list;
}

std::string wrap(const std::string& text, size_t indent, size_t width) {
  std::istringstream lines(text);
  std::string line, paragraph, page;
  const std::string margin(indent, ' ');
  auto end_paragraph = [&] { page += fill(std::exchange(paragraph, {}), margin, width); };
  while (std::getline(lines, line)) {
    if (!line.empty() && line.front() != ' ') {
      paragraph += line + " ";
      continue;
    }
    end_paragraph();
    page += (line.empty() ? line : margin + line) + "\n";
  }
  end_paragraph();
  return page;
}

std::string agent_list(std::span<const AgentSpec* const> agents) {
  std::map<std::string, std::string> entries;
  for (const auto* spec : agents) {
    entries[spec->name] = spec->summary;
    if (!spec->other_name.empty()) entries[spec->other_name] = "another name of " + spec->name;
  }
  std::string list;
  for (const auto& [name, summary] : entries) list += help_entry(name, summary);
  return list;
}

std::string main_page(std::span<const AgentSpec* const> agents) {
  return "rebus_agent - run agents on a bus, in one process or around a rebus_master\n" + title("SYNOPSIS") +
         kSynopsis + title("DESCRIPTION") + wrap(kDescription, kIndent) + title("OPTIONS") +
         help_options(global_options()) + title("AGENTS") + agent_list(agents) + "\n" +
         wrap("`rebus_agent AGENT --help` tells more.", kIndent) + title("STAGES") + wrap(kStages, kIndent) +
         title("EXIT STATUS") + kExitStatus + title("EXAMPLES") + kExamples;
}

std::string agent_page(const AgentSpec& spec) {
  std::string page = spec.name + " - " + spec.summary + "\n" + title("SYNOPSIS") +
                     wrap(agent_synopsis(spec), kIndent) + title("DESCRIPTION") + wrap(spec.help, kIndent) +
                     title("TAKES") + wrap(takes_text(spec), kIndent);
  if (spec.arguments.max > 0)
    page += title("ARGUMENTS") + help_entry(spec.arguments.metavar, spec.arguments.help);
  return page + title("OPTIONS") + help_options(options_of(spec)) + wrap(shared_note(), kIndent);
}

std::string bus_page() {
  return R"(local (also: localbus; the default)
    Everything in this process; values pass by reference. It ends with the chain.
    --storage ram|rocksdb, --path DIR, --profile NAME
zmq
    Agents around a rebus_master, over ZeroMQ.
    --busaddr ADDR    ipc://PATH, or tcp://HOST:PORT with --insecure-tcp;
                      default: $REBUS_BUSADDR, else the user's own master
    --until-idle      end when everything is handled
)";
}

}  // namespace rebus
