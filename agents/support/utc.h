// Times of day as people write and read them: UTC, ISO 8601.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "descriptor/result.h"

namespace rebus {

// "2024-05-01T12:30:00Z" of nanoseconds since 1970.
std::string utc_text(int64_t ns);

// "2024-05-01", "2024-05-01T12:30", "2024-05-01 12:30:05" (with or without Z), or how long before `now_ns`:
// "90s", "30m", "2h", "3d", "1w". Gives nanoseconds since 1970.
Result<int64_t> parse_when(std::string_view text, int64_t now_ns);

}  // namespace rebus
