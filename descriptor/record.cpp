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
  }
  return "unknown";
}

}  // namespace rebus
