// rebus_yara: tries YARA rules on files for the agent yara, which starts it and speaks with it over standard
// input (a socket, agents/parsers/yara_messages.h).
//
//   rebus_yara compile FILE|FOLDER…   writes the rules, compiled, to standard output
//   rebus_yara match LEVEL            tries the rules that it can read as its standard error on what it can
//   read
//                                     as its standard output: files in memory
//
// To match, it loads the rules, enters the cage of this LEVEL (agents/support/sandbox/cage.h), says so, and
// serves. To compile it needs no cage: rules are of whoever runs the agent.
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <ctime>

#include "agents/parsers/parser_link.h"
#include "agents/parsers/parser_messages.h"
#include "agents/support/sandbox/cage.h"
#include "agents/workers/yara_compiler.h"
#include "agents/workers/yara_matcher.h"
#include "descriptor/spool.h"

#ifdef REBUS_SANITIZED
// In the cage nothing can be written but answers, and no process be looked at: an error ends the worker.
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }
extern "C" const char* __ubsan_default_options() { return "halt_on_error=1"; }
#endif

namespace rebus {
namespace {

constexpr int kUsage = 2;

CageLimits limits() {
  CageLimits all;
  all.memory = 4ULL << 30;  // with the rules, and a file
#ifdef REBUS_SANITIZED
  all.memory = UINT64_MAX;  // its shadow takes terabytes of addresses
#endif
  return all;
}

// False, when the agent has heard why not.
bool say_hello(ParserLink& link, const Result<WorkerHello>& hello) {
  auto said = link.say(ParserWord::kHello, hello ? *hello : WorkerHello{{}, hello.error().message});
  if (!hello) (void)link.receive();
  return hello && said;
}

Result<RuleSource> compile_all(const std::vector<std::string>& places) {
  if (yr_initialize() != ERROR_SUCCESS) return Error{Code::kFailed, "libyara does not start"};
  YaraCompiler compiler;
  auto source = compiler.compile(places);
  if (!source) return source;
  auto written = write_all(STDOUT_FILENO, as_bytes(compiler.compiled()), "the compiled rules");
  return written ? source : written.error();
}

int compile(const std::vector<std::string>& places) {
  ParserLink link{FileHandle(STDIN_FILENO)};
  auto source = compile_all(places);
  if (!say_hello(link, source ? Result(WorkerHello()) : source.error())) return 1;
  while (true) {
    auto frame = link.receive();
    if (!frame || frame->word != ParserWord::kTellRules) return 0;
    auto said = link.say(ParserWord::kRules, *source);
    if (!said) return 0;
  }
}

int match(SandboxLevel level) {
  ParserLink link{FileHandle(STDIN_FILENO)};
  tzset();
  auto matcher = YaraMatcher::load(STDERR_FILENO);
  auto layers = matcher ? enter_cage(level, limits()) : matcher.error();
  if (!say_hello(link, layers ? Result(WorkerHello{*layers, {}}) : layers.error())) return 1;
  while (true) {
    auto frame = link.receive();
    if (!frame || frame->word != ParserWord::kTryRules) return 0;
    auto call = unpack<RuleCall>(frame->body);
    if (!call) return 0;
    auto said = link.say(ParserWord::kTried, matcher->match(STDOUT_FILENO, *call));
    if (!said) return 0;
  }
}

}  // namespace
}  // namespace rebus

int main(int count, char** words) {
  const bool compiles = count >= 3 && std::strcmp(words[1], "compile") == 0;
  const bool matches = count == 3 && std::strcmp(words[1], "match") == 0;
  auto level = rebus::sandbox_level_named(matches ? words[2] : "");
  if (compiles) return rebus::compile({words + 2, words + count});
  if (matches && level) return rebus::match(*level);
  std::fputs(
      "rebus_yara: a worker of the agent yara; it takes the words: compile FILE|FOLDER… or match LEVEL\n",
      stderr);
  return rebus::kUsage;
}
