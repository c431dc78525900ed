#include "agents/support/sandbox/caged_worker.h"

#include <unistd.h>

#include <ctime>
#include <new>

#include "agents/parsers/utf8_locale.h"
#include "agents/support/sandbox/cage.h"

namespace rebus {
namespace {

Result<WorkerHello> enter(SandboxLevel level, const CageLimits& limits,
                          const std::function<Result<void>()>& prepare) {
  tzset();
  Utf8Locale locale;
  auto prepared = prepare();
  if (!prepared) return prepared.error();
  auto layers = enter_cage(level, limits);
  if (!layers) return layers.error();
  return WorkerHello{*std::move(layers), {}};
}

}  // namespace

int run_caged_worker(std::string_view level, const std::function<Result<void>()>& prepare,
                     const std::function<void(ParserLink&)>& serve, const CageLimits& limits) {
  auto known = sandbox_level_named(level);
  if (!known) return -1;
  ParserLink link(FileHandle(STDIN_FILENO), ParserLink::Files::kTaken);
  auto hello = enter(*known, limits, prepare);
  auto said = link.say(ParserWord::kHello, hello ? *hello : WorkerHello{{}, hello.error().message});
  if (!hello) (void)link.receive();  // until the agent has heard it
  if (!hello || !said) return 1;
  std::set_new_handler([] { _exit(kWorkerOutOfMemory); });
  serve(link);
  return 0;
}

}  // namespace rebus
