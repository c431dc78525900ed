// Fuzzy hashes: alike for files that are alike.
#pragma once

#include <optional>
#include <string>

#include "agents/support/ssdeep_worker.h"
#include "descriptor/value.h"

namespace rebus {

struct FuzzyHashes {
  std::string ssdeep;  // as the program ssdeep prints it
  // In the form of TLSH 4: "T1" and 70 hex digits in upper case. Empty where TLSH is not defined: for fewer
  // than 256 bytes, more than 4 GiB, or bytes that are too much alike.
  std::string tlsh;
};

// In one reading of the value. `ssdeep` may be null: that hash is left out; so is TLSH unless `with_tlsh`.
// Errors of the worker and of reading the value as they are.
Result<FuzzyHashes> fuzzy_hashes(const Value& value, SsdeepWorker* ssdeep, bool with_tlsh);

}  // namespace rebus
