#include "descriptor/record.h"

namespace rebus {

const char* outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kDone:
      return "done";
    case Outcome::kFiltered:
      return "filtered";
    case Outcome::kFailed:
      return "failed";
    case Outcome::kQuarantined:
      return "quarantined";
    case Outcome::kProcessable:
      return "processable";
  }
  return "unknown";
}

namespace {

constexpr std::pair<Mode, const char*> kModes[] = {{Mode::kAutomatic, "automatic"},
                                                   {Mode::kInteractive, "interactive"},
                                                   {Mode::kIdle, "idle"},
                                                   {Mode::kComplete, "complete"}};

}  // namespace

const char* mode_name(Mode mode) {
  for (const auto& [known, name] : kModes) {
    if (known == mode) return name;
  }
  return "unknown";
}

std::optional<Mode> mode_named(std::string_view name) {
  for (const auto& [mode, known] : kModes) {
    if (known == name) return mode;
  }
  return std::nullopt;
}

}  // namespace rebus
