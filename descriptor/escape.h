// Text for people: reversible escaping of hostile text, for terminals, logs, text output and JSON strings;
// counts.
#pragma once

#include <string>
#include <string_view>

namespace rebus {

// Valid printable UTF-8 stays as it is; control characters (C0, DEL, C1), bytes that are not UTF-8, line and
// paragraph separators, bidirectional and zero-width controls become \xNN per byte, and a backslash becomes
// two ("\\"), so that unescape() gives back the very bytes.
std::string escape(std::string_view bytes);

// Inverse of escape(). Text that escape() cannot have made is copied as it stands.
std::string unescape(std::string_view text);

// True for well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF).
bool is_utf8(std::string_view bytes);

// "1 file", "2 files".
std::string counted(uint64_t count, const char* noun);

}  // namespace rebus
