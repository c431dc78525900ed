#include "agents/support/sandbox/sandbox_level.h"

#include <atomic>

#include "descriptor/escape.h"

namespace rebus {
namespace {

struct Named {
  std::string_view name;
  SandboxLevel level;
};
constexpr Named kLevels[] = {
    {"none", SandboxLevel::kNone}, {"required", SandboxLevel::kRequired}, {"strict", SandboxLevel::kStrict}};

std::atomic<SandboxLevel> own_level = SandboxLevel::kRequired;

}  // namespace

Result<SandboxLevel> sandbox_level_named(std::string_view name) {
  for (const Named& each : kLevels) {
    if (each.name == name) return each.level;
  }
  return Error{Code::kInvalid,
               "no sandbox level '" + escape(name) + "': there are none, required and strict"};
}

const char* sandbox_level_name(SandboxLevel level) {
  for (const Named& each : kLevels) {
    if (each.level == level) return each.name.data();
  }
  return "";
}

void set_sandbox_level(SandboxLevel level) { own_level = level; }
SandboxLevel sandbox_level() { return own_level; }

}  // namespace rebus
