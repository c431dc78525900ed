// File names made of hostile names: one component each, never out of its folder.
#pragma once

#include <string>
#include <string_view>

namespace rebus {

inline constexpr size_t kMaxFileName = 255;  // bytes, of every file system that matters

// `/` becomes `--`, NUL `\x00`, "." and ".." `\x2e…`; escaped (escape.h) unless `is_raw`, and what would be
// an option in `tar cf all.tar *` begins with `\x2d`. Never empty; may be longer than a file name can be.
std::string file_name_of(std::string_view name, bool is_raw);

// `name` and `suffix`. If both are too long together, the name is cut, with 16 digits of its SHA-256 behind
// it: names that differ stay different.
std::string fitted(std::string_view name, std::string_view suffix);

}  // namespace rebus
