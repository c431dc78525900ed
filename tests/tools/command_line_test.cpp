#include "tools/command_line.h"

#include <gtest/gtest.h>

#include <iterator>
#include <sstream>

namespace rebus::command_line_test {
namespace {

AgentSpec agent(const char* name, size_t min, size_t max, const char* metavar,
                std::vector<OptionSpec> options = {}) {
  AgentSpec spec;
  spec.name = name;
  spec.arguments = {metavar, "", min, max};
  spec.options = std::move(options);
  return spec;
}

// Like the real ones, and some of the papers that do not exist yet.
const std::vector<AgentSpec>& specs() {
  constexpr size_t kMany = ArgumentsSpec::kMany;
  static const std::vector<AgentSpec> kSpecs = {
      agent("hasher", 0, 0, "",
            {{"--algorithms", "LIST", "", "md5", true}, {"--selector-prefix", "PREFIX", "", ""}}),
      agent("unarchive", 0, 0, "", {{"--passwords", "LIST", "", "", true}}),
      agent(
          "inject", 1, kMany, "FILE",
          {{"-r,--recursive", "", "", ""}, {"-l,--label", "LABEL", "", ""}, {"-p,--printable", "", "", ""}}),
      agent("return", 1, 1, "REGEX", {{"--raw", "", "", ""}, {"--short", "", "", ""}}),
      agent("ls", 0, 1, "REGEX"),
      agent("cat", 1, 1, "REGEX", {{"-n", "COUNT", "", "3"}}),
      agent("file_identification", 0, 0, ""),
      agent("link_finder", 0, kMany, "PREFIX"),
      agent("link_grapher", 1, kMany, "REGEX"),
      agent("dotrenderer", 0, 0, ""),
      agent("request_processing", 3, kMany, "DOMAIN SELECTOR AGENT"),
  };
  return kSpecs;
}

std::vector<const AgentSpec*> agents() {
  std::vector<const AgentSpec*> pointers;
  for (const auto& spec : specs()) pointers.push_back(&spec);
  return pointers;
}

Result<CommandLine> parse(const std::vector<std::string>& tokens) {
  return parse_command_line(tokens, agents(),
                            [](const std::string& name) { return name.starts_with("exists"); });
}

// Tokens without quotes.
Result<CommandLine> parse(const std::string& line) {
  std::istringstream words(line);
  return parse(std::vector<std::string>{std::istream_iterator<std::string>(words), {}});
}

// "hasher; inject(a,b) :: ls", to compare.
std::string shape(const CommandLine& line) {
  std::string text;
  for (const auto& stage : line.stages) {
    if (!text.empty()) text += " :: ";
    for (size_t i = 0; i < stage.size(); i++) {
      text += (i > 0 ? "; " : "") + stage[i].spec->name;
      std::string arguments;
      for (const auto& argument : stage[i].options.arguments())
        arguments += (arguments.empty() ? "" : ",") + argument;
      if (!arguments.empty()) text += "(" + arguments + ")";
    }
  }
  return text;
}

struct SplitCase {
  const char* line;
  const char* shape;
};

class Splitting : public testing::TestWithParam<SplitCase> {};

TEST_P(Splitting, GivesEachAgentItsArguments) {
  auto line = parse(GetParam().line);
  ASSERT_TRUE(line) << line.error().message;
  EXPECT_EQ(shape(*line), GetParam().shape);
}

INSTANTIATE_TEST_SUITE_P(
    Chains, Splitting,
    testing::Values(
        SplitCase{"-m rebus_demo.agents hasher unarchive inject ~/apt1.tgz -- return --short md5_hash",
                  "hasher; unarchive; inject(~/apt1.tgz); return(md5_hash)"},
        SplitCase{"-m bnew.agents inject a b -- file_identification link_finder -- :: link_grapher "
                  "/link/link_finder/signature-imphash -- dotrenderer return /graph/svg --raw",
                  "inject(a,b); file_identification; link_finder :: "
                  "link_grapher(/link/link_finder/signature-imphash); dotrenderer; return(/graph/svg)"},
        SplitCase{"hasher", "hasher"}, SplitCase{"hasher unarchive", "hasher; unarchive"},
        SplitCase{"hasher -- unarchive", "hasher; unarchive"}, SplitCase{"inject a --", "inject(a)"},
        SplitCase{"inject a :: ls", "inject(a) :: ls"}, SplitCase{"inject a -- :: ls", "inject(a) :: ls"},
        SplitCase{"return md5 hasher", "return(md5); hasher"},
        SplitCase{"return --short md5 --raw hasher", "return(md5); hasher"},
        SplitCase{"ls md5 hasher", "ls(md5); hasher"}, SplitCase{"ls -- hasher", "ls; hasher"},
        SplitCase{"inject a -r b -l x c", "inject(a,b,c)"}, SplitCase{"inject -", "inject(-)"},
        SplitCase{"inject - -- hasher", "inject(-); hasher"},
        SplitCase{"inject --label hasher a", "inject(a)"},  // a value, not an agent
        SplitCase{"inject --label=hasher a", "inject(a)"}, SplitCase{"inject -lhasher a", "inject(a)"},
        SplitCase{"inject -rp a", "inject(a)"}, SplitCase{"inject -rplx a", "inject(a)"},
        SplitCase{"inject [x] {y}", "inject([x],{y})"},
        SplitCase{"inject exists hasher-not", "inject(exists,hasher-not)"},
        SplitCase{"request_processing default /a/%0 hasher", "request_processing(default,/a/%0,hasher)"},
        SplitCase{"cat -n 5 x", "cat(x)"}, SplitCase{"hasher :: hasher :: ls", "hasher :: hasher :: ls"}));

// Two agents of one name would share their progress, and the second could never be called.
TEST(Agents, HaveNamesOfTheirOwn) {
  for (const AgentSpec* spec : all_agents()) {
    EXPECT_EQ(find_agent(spec->name), spec) << spec->name;
    std::string other = spec->other_name.empty() ? spec->name : spec->other_name;
    EXPECT_EQ(find_agent(other), spec) << other;
  }
}

TEST(CommandLineTest, AFileMayHaveTheNameOfAnAgent) {
  auto line = parse_command_line(std::vector<std::string>{"inject", "hasher"}, agents(),
                                 [](const std::string&) { return true; });
  ASSERT_TRUE(line);
  EXPECT_EQ(shape(*line), "inject(hasher)");
}

TEST(CommandLineTest, AFileThatLooksLikeAnOptionIsToldHowToBeNamed) {
  auto line = parse_command_line(std::vector<std::string>{"inject", "--x.bin"}, agents(),
                                 [](const std::string& name) { return name == "--x.bin"; });
  ASSERT_FALSE(line);
  EXPECT_NE(line.error().message.find("; for the file of that name say ./--x.bin ("), std::string::npos)
      << line.error().message;
}

struct ErrorCase {
  const char* line;
  const char* part;  // of the sentence
};

class Mistakes : public testing::TestWithParam<ErrorCase> {};

TEST_P(Mistakes, AreNamed) {
  auto line = parse(GetParam().line);
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().code, Code::kInvalid);
  EXPECT_NE(line.error().message.find(GetParam().part), std::string::npos) << line.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Lines, Mistakes,
    testing::Values(
        ErrorCase{"", "no agent given"}, ErrorCase{"hahser", "did you mean hasher?"},
        ErrorCase{"qqqqqq", "no agent 'qqqqqq' ("}, ErrorCase{"ha", "did you mean hasher?"},
        ErrorCase{"hasher --algorithm x", "hasher has no option --algorithm; did you mean --algorithms?"},
        ErrorCase{"hasher --algorithms", "option --algorithms of hasher needs a value: --algorithms LIST"},
        ErrorCase{"hasher --algorithms -- inject a", "needs a value"},
        ErrorCase{"return --short=yes x", "option --short of return takes no value"},
        ErrorCase{"inject -rq a", "option -q of inject (in -rq) is not known"},
        ErrorCase{"--algorithms md5 hasher", "rebus_agent has no option --algorithms"},
        ErrorCase{"hasher --storage ram",
                  "hasher has no option --storage: it belongs before the first agent"},
        ErrorCase{"return", "return needs REGEX"}, ErrorCase{"inject -- hasher", "inject needs FILE"},
        ErrorCase{"inject a return --short md5", "no file 'return': did you mean `-- return`?"},
        ErrorCase{":: hasher", "no agent stands before `::`"},
        ErrorCase{"-- hasher", "no agent stands before"},
        ErrorCase{"hasher ::", "nothing follows the last `::`"},
        ErrorCase{"hasher :: ::", "no agent stands before"},
        ErrorCase{"hasher -- --algorithms md5", "--algorithms stands after no agent"},
        ErrorCase{"-m nsa.agents hasher", "no module 'nsa.agents'"},
        ErrorCase{"--bus dbus hasher", "no bus 'dbus': there are local"},
        ErrorCase{"--bus local --busaddr ipc:///x hasher", "--busaddr needs --bus zmq"},
        ErrorCase{"--storage tape hasher", "no storage 'tape'"},
        ErrorCase{"--storage rocksdb hasher", "needs --path"},
        ErrorCase{"--storage ram --path x hasher", "--path needs --storage rocksdb"},
        ErrorCase{"--bus zmq --path x hasher", "belong to the rebus_master"},
        ErrorCase{"--jobs 0 hasher", "--jobs takes a number from 1 to 256, not '0'"},
        ErrorCase{"hasher --jobs two", "--jobs takes a number"},
        ErrorCase{"-o xml hasher", "no output format 'xml'"}, ErrorCase{"--profile lax hasher", "profile"},
        ErrorCase{"--sandbox full hasher", "no sandbox level 'full': there are none, required and strict"},
        ErrorCase{"-d a/b hasher", "omain"}));

TEST(CommandLineTest, MistakesAreEscaped) {
  auto line = parse(std::vector<std::string>{"\x1b[2J"});
  ASSERT_FALSE(line);
  EXPECT_NE(line.error().message.find("\\x1b[2J"), std::string::npos);
}

TEST(CommandLineTest, ListOptionsTakeCommasAndRepetition) {
  auto line = parse("hasher --algorithms md5,sha1 --algorithms=sha256 -- unarchive --passwords a,,b");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->stages[0][0].options.list("algorithms"),
            (std::vector<std::string>{"md5", "sha1", "sha256"}));
  EXPECT_EQ(line->stages[0][1].options.list("passwords"), (std::vector<std::string>{"a", "b"}));
}

TEST(CommandLineTest, OptionsThatWereNotGivenHaveTheirDefault) {
  auto line = parse("hasher cat x");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->stages[0][0].options.list("algorithms"), std::vector<std::string>{"md5"});
  EXPECT_EQ(line->stages[0][1].options.text("n"), "3");
  EXPECT_FALSE(line->stages[0][0].options.flag("selector-prefix"));
}

TEST(CommandLineTest, OptionsBelongToTheAgentBeforeThem) {
  auto line = parse("return md5 --raw return sha1 --short");
  ASSERT_TRUE(line);
  EXPECT_TRUE(line->stages[0][0].options.flag("raw"));
  EXPECT_FALSE(line->stages[0][0].options.flag("short"));
  EXPECT_TRUE(line->stages[0][1].options.flag("short"));
}

TEST(CommandLineTest, SharedOptionsStandBeforeAndAmongAgents) {
  auto line = parse("--jobs 2 hasher unarchive --jobs 4 return x -o json --raw-names");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->stages[0][0].jobs, 2u);
  EXPECT_EQ(line->stages[0][1].jobs, 4u);
  EXPECT_EQ(line->globals.output_format, "json");
  EXPECT_FALSE(line->stages[0][0].raw_names);
  EXPECT_TRUE(line->stages[0][2].raw_names);
}

TEST(CommandLineTest, NamesOfTheOriginalAreAccepted) {
  auto line = parse("--bus localbus --storage diskstorage --path d hasher");
  ASSERT_TRUE(line);
  EXPECT_FALSE(line->globals.networked);
  EXPECT_EQ(line->globals.storage.kind, "rocksdb");
  EXPECT_EQ(parse("--storage ramstorage hasher")->globals.storage.kind, "ram");
}

TEST(CommandLineTest, AnAddressMeansTheNetworkedBusAndAPathMeansRocksdb) {
  EXPECT_TRUE(parse("--busaddr ipc:///x hasher")->globals.networked);
  EXPECT_EQ(parse("--path d hasher")->globals.storage.kind, "rocksdb");
  EXPECT_EQ(parse("hasher")->globals.storage.kind, "ram");
}

TEST(CommandLineTest, FlagsReachTheChain) {
  auto line = parse("--bus zmq --until-idle --insecure-tcp --all-domains --raw-names -d other hasher");
  ASSERT_TRUE(line);
  EXPECT_TRUE(line->globals.until_idle);
  EXPECT_TRUE(line->globals.insecure_tcp);
  EXPECT_TRUE(line->stages[0][0].all_domains);
  EXPECT_TRUE(line->stages[0][0].raw_names);
  EXPECT_EQ(line->globals.domain.str(), "other");
}

TEST(CommandLineTest, VerbosityIsCounted) {
  EXPECT_EQ(parse("-vv hasher")->globals.verbosity, 2u);
  EXPECT_EQ(parse("-v -v hasher")->globals.verbosity, 2u);
  EXPECT_EQ(parse("-D hasher")->globals.verbosity, 2u);
  EXPECT_EQ(parse("hasher")->globals.verbosity, 0u);
}

TEST(CommandLineTest, PagesAreAskedForAnywhere) {
  EXPECT_EQ(parse("--help")->action, Action::kHelp);
  EXPECT_EQ(parse("-h whatever")->action, Action::kHelp);
  EXPECT_EQ(parse("--list-agents")->action, Action::kListAgents);
  EXPECT_EQ(parse("--list-bus-options")->action, Action::kListBusOptions);
  auto line = parse("hasher inject --help");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->action, Action::kAgentHelp);
  EXPECT_EQ(line->topic->name, "inject");
}

}  // namespace
}  // namespace rebus::command_line_test
