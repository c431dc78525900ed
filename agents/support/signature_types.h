// SignatureTypes: which kinds of signatures an agent works with.
#pragma once

#include "bus/agent.h"

namespace rebus {

struct SignatureTypes {
  static constexpr const char* kAll = "imphash,ssdeep,tlsh";

  bool imphash = false, ssdeep = false, tlsh = false;

  // The option --types, all of them without it; `agent` is named in the error.
  static Result<SignatureTypes> read(const Options& options, const std::string& agent);
};

// The option, to be read so.
OptionSpec signature_types_option();

}  // namespace rebus
