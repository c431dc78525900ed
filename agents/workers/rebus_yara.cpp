// rebus_yara: tries YARA rules on files for the agent yara, which starts it and speaks with it over standard
// input (a socket, agents/parsers/yara_messages.h).
//
//   rebus_yara compile [NAME=VALUE…] -- FILE|FOLDER…   writes the rules, compiled, to standard output
//   rebus_yara match LEVEL                             tries the rules that it can read as its standard error
//                                                      on what it can read as its standard output: files in
//                                                      memory
//
// To match, it loads the rules, enters the cage of this LEVEL (agents/support/sandbox/cage.h), says so, and
// serves. To compile it needs no cage: rules are of whoever runs the agent.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <optional>

#include "agents/parsers/parser_link.h"
#include "agents/parsers/parser_messages.h"
#include "agents/support/sandbox/caged_worker.h"
#include "agents/workers/yara_compiler.h"
#include "agents/workers/yara_matcher.h"
#include "descriptor/spool.h"

namespace rebus {
namespace {

constexpr int kUsage = 2;

constexpr uint64_t kMemory = 4ULL << 30;  // bytes, with the rules, and a file

// What stands before "--" are external variables.
Result<RuleSource> compile_all(const std::vector<std::string>& words) {
  if (yr_initialize() != ERROR_SUCCESS) return Error{Code::kFailed, "libyara does not start"};
  auto end = std::find(words.begin(), words.end(), "--");
  std::vector<RuleVariable> variables;
  for (auto word = words.begin(); word != end; ++word)
    variables.push_back({word->substr(0, word->find('=')), word->substr(word->find('=') + 1)});
  YaraCompiler compiler;
  auto source = compiler.compile({end == words.end() ? end : end + 1, words.end()}, variables);
  if (!source) return source;
  auto written = write_all(STDOUT_FILENO, as_bytes(compiler.compiled()), "the compiled rules");
  return written ? source : written.error();
}

// That rules are wrong is no trouble of this worker: it tells what is wrong with them when it is asked.
int compile(const std::vector<std::string>& words) {
  ParserLink link{FileHandle(STDIN_FILENO)};
  auto source = compile_all(words);
  const bool is_wrong = !source && source.error().code == Code::kInvalid;
  if (is_wrong) source = RuleSource{{}, 0, {}, source.error().message};
  auto said_hello =
      link.say(ParserWord::kHello, source ? WorkerHello() : WorkerHello{{}, source.error().message});
  if (!source) (void)link.receive();  // until the agent has heard it
  if (!source || !said_hello) return 1;
  while (true) {
    auto frame = link.receive();
    if (!frame || frame->word != ParserWord::kTellRules) return 0;
    auto said = link.say(ParserWord::kRules, *source);
    if (!said) return 0;
  }
}

int match(const char* level) {
  std::optional<YaraMatcher> matcher;
  auto prepare = [&]() -> Result<void> {
    auto loaded = YaraMatcher::load(STDERR_FILENO);
    if (!loaded) return loaded.error();
    matcher.emplace(*std::move(loaded));
    return {};
  };
  auto serve = [&](ParserLink& link) {
    while (true) {
      auto frame = link.receive();
      auto call = frame && frame->word == ParserWord::kTryRules ? unpack<RuleCall>(frame->body)
                                                                : Result<RuleCall>(Error{Code::kStopped, ""});
      if (!call || !link.say(ParserWord::kTried, matcher->match(STDOUT_FILENO, *call))) return;
    }
  };
  return run_caged_worker(level, prepare, serve, CageLimits{.memory = kMemory});
}

}  // namespace
}  // namespace rebus

int main(int count, char** words) {
  const bool compiles = count >= 3 && std::strcmp(words[1], "compile") == 0;
  const bool matches = count == 3 && std::strcmp(words[1], "match") == 0;
  auto level = rebus::sandbox_level_named(matches ? words[2] : "");
  if (compiles) return rebus::compile({words + 2, words + count});
  if (matches && level) return rebus::match(words[2]);
  std::fputs(
      "rebus_yara: a worker of the agent yara; it takes the words: compile [NAME=VALUE…] -- FILE|FOLDER…, or "
      "match LEVEL\n",
      stderr);
  return rebus::kUsage;
}
