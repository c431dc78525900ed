// Hash algorithms by name, computed over a value in one pass.
#pragma once

#include <string>
#include <vector>

#include "descriptor/value.h"

namespace rebus {

// Names as the options of `hasher` take them: "md5", "sha1", "sha256", …
const std::vector<std::string>& hash_algorithms();
bool is_hash_algorithm(const std::string& name);

// The lowercase hex digests of the value, in the order of `names`, which must be known ones. Reads the value
// once, and not at all where its SHA-256 is all that is asked for.
Result<std::vector<std::string>> hash_value(const Value& value, const std::vector<std::string>& names);

}  // namespace rebus
