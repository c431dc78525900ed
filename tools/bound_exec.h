// The step between the launcher and a child: a program that dies with its parent.
#pragma once

#include <string>
#include <vector>

namespace rebus {

// What to run instead of `words`, so that the program is killed when this process ends, however it ends.
// `launcher` is the path of rebus_infra.
std::vector<std::string> bound_to_us(const std::string& launcher, std::vector<std::string> words);

// True if the program was called by such words: then run_bound() is all that it has to do.
bool is_bound_call(int argc, const char* const* argv);
// Becomes the program; gives an exit code only if that fails.
int run_bound(char** argv);

}  // namespace rebus
