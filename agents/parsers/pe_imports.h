// The functions that a Windows program imports, as its import table tells.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "descriptor/value.h"

namespace rebus {

struct PeFunction {
  std::string name;  // empty: by its ordinal
  uint16_t ordinal = 0;
};

struct PeLibrary {
  std::string name;  // as it is written
  std::vector<PeFunction> functions;
};

// In the order of the table, as Windows would bind them; delayed imports are none. Nothing if the value is no
// PE file. Names are any bytes. kFailed says what of the file is damaged, kLimit that there are more than
// 65,536 imports or 16 MiB of names; errors of reading the value as they are.
//
// Format: Microsoft, "PE Format", sections "Optional Header", "Section Table" and "The .idata Section".
Result<std::optional<std::vector<PeLibrary>>> read_pe_imports(const Value& value);

}  // namespace rebus
