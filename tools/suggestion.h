// What a mistyped name may have meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rebus {

// The names nearest to `name`, best first, at most three; none if nothing is near.
std::vector<std::string> nearest(std::string_view name, const std::vector<std::string>& names);

// "; did you mean hasher?", or nothing.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& names);

}  // namespace rebus
