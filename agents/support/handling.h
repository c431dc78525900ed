// Handling: who handled an object and its results, and what went wrong.
#pragma once

#include <string>
#include <vector>

#include "bus/bus.h"

namespace rebus {

struct Handling {
  struct Failure {
    std::string agent, message;
    Outcome outcome = Outcome::kFailed;
    std::string of;  // type path of the result that it failed on; empty: the object itself
  };
  std::vector<std::string> handled_by;  // names of agents that took the object, sorted
  std::vector<Failure> failures;
  std::vector<Record> limits;  // results under /limit: what was not examined, and why
};

// What to look for, as each costs questions to the bus.
struct HandlingQuery {
  bool failures_of_results = true;
  bool limits = true;
};

Result<Handling> handling_of(Bus& bus, const Record& object, const HandlingQuery& query);

}  // namespace rebus
