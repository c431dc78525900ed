// What signatures look like, as `signature` gives them and `cluster` takes them.
#pragma once

#include <string_view>

namespace rebus {

bool is_imphash(std::string_view text);
// With or without the T1 of version 4.
bool is_tlsh(std::string_view text);
// Without the T1.
std::string_view tlsh_digits(std::string_view text);
// BLOCKSIZE:PART:PART
bool is_ssdeep(std::string_view text);

}  // namespace rebus
