// Patterns of libmagic's rules in the words of RE2, which looks for all of them at once.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rebus {

// For an extended regular expression of POSIX as libmagic has it compiled (with REG_NEWLINE, in the C
// locale): one that matches wherever that does, and maybe elsewhere, too. Nothing for what RE2 could
// understand otherwise.
std::optional<std::string> pattern_of_regex(std::string_view posix);

// For a text; `folds`: letters in either case.
std::string pattern_of_text(std::string_view text, bool folds);

}  // namespace rebus
