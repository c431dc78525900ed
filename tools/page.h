// Pages: help and the like, on standard output.
#pragma once

#include <string>

namespace rebus {

// Gives the exit code: 0, also if nobody reads to the end; 75 if it cannot be written.
int print_page(const std::string& text);

}  // namespace rebus
