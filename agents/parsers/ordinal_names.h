// Names of functions that programs import by number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rebus {

// `library` in lower case, with its suffix. The names of ws2_32.dll, wsock32.dll and oleaut32.dll are known;
// any other function is "ord" and its number.
std::string ordinal_name(std::string_view library, uint16_t ordinal);

}  // namespace rebus
