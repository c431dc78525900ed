// rebus_parser: looks at hostile bytes for agents, which start it, speak with it over standard input (a
// socket, agents/parsers/parser_messages.h), and start it again when it died.
//
//   rebus_parser types|containers|signatures LEVEL
//
// For types, what it has to look at is in a file in memory, its standard output, which it can only read.
//
// It opens what it needs, enters the cage of this LEVEL (agents/support/sandbox/cage.h), says so, and serves.
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <optional>
#include <string_view>

#include "agents/parsers/hash_algorithms.h"
#include "agents/parsers/parser_service.h"
#include "agents/parsers/utf8_locale.h"
#include "agents/support/sandbox/cage.h"

#ifdef REBUS_SANITIZED
// In the cage nothing can be written but answers, and no process be looked at: an error ends the worker.
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }
extern "C" const char* __ubsan_default_options() { return "halt_on_error=1"; }
#endif

namespace rebus {
namespace {

constexpr int kUsage = 2;

enum class Work { kTypes, kContainers, kSignatures };

std::optional<Work> work_named(std::string_view word) {
  if (word == "types") return Work::kTypes;
  if (word == "containers") return Work::kContainers;
  if (word == "signatures") return Work::kSignatures;
  return std::nullopt;
}

CageLimits limits() {
  CageLimits all;
#ifdef REBUS_SANITIZED
  all.memory = UINT64_MAX;  // its shadow takes terabytes of addresses
#endif
  return all;
}

// OpenSSL reads its configuration when it is used first.
Result<void> prepare_hashes() {
  auto hashes = hash_value(Value::of(""), {"md5"});
  return hashes ? Result<void>() : hashes.error();
}

Result<void> prepare_work(Work work, std::optional<Magic>& magic) {
  if (work == Work::kSignatures) return prepare_hashes();
  if (work == Work::kContainers) return {};
  auto loaded = Magic::load(STDOUT_FILENO);
  if (!loaded) return loaded.error();
  magic = *std::move(loaded);
  return {};
}

Result<WorkerHello> prepare(SandboxLevel level, Work work, std::optional<Magic>& magic) {
  tzset();
  Utf8Locale locale;
  auto ready = prepare_work(work, magic);
  if (!ready) return ready.error();
  auto layers = enter_cage(level, limits());
  if (!layers) return layers.error();
  return WorkerHello{*std::move(layers), {}};
}

int serve(SandboxLevel level, Work work) {
  ParserLink link{FileHandle(STDIN_FILENO)};
  std::optional<Magic> magic;
  auto hello = prepare(level, work, magic);
  auto said = link.say(ParserWord::kHello, hello ? *hello : WorkerHello{{}, hello.error().message});
  if (!hello) (void)link.receive();  // until the agent has heard it
  if (!hello || !said) return 1;
  ParserService(link, magic ? &*magic : nullptr).serve();
  return 0;
}

}  // namespace
}  // namespace rebus

int main(int count, char** words) {
  auto work = rebus::work_named(count == 3 ? words[1] : "");
  auto level = rebus::sandbox_level_named(count == 3 ? words[2] : "");
  if (level && work) return rebus::serve(*level, *work);
  std::fputs("rebus_parser: a worker of agents; it takes the words: types|containers|signatures LEVEL\n",
             stderr);
  return rebus::kUsage;
}
