// Passwords that archives are tried with. They are in no log, label, result or error.
#pragma once

#include <string>
#include <vector>

#include "descriptor/result.h"

namespace rebus {

// More are refused: each costs a key derivation per encrypted member.
inline constexpr size_t kMaxPasswords = 1000;

// Those given, in order, then the built-in ones under which samples are commonly exchanged. Each element is a
// password, "a,b" for several, or "@FILE" for a file with one per line. kUnreadable, kInvalid for too many.
Result<std::vector<std::string>> read_passwords(const std::vector<std::string>& given);

}  // namespace rebus
