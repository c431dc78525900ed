// The command line of bubblewrap for a program in a cell.
#pragma once

#include <string>
#include <vector>

#include "agents/support/sandbox/cell_order.h"

namespace rebus {

// Open files of this process that bubblewrap reads.
struct BubblewrapFiles {
  int init = -1;    // rebus_init
  int filter = -1;  // of program_calls.h
};

// `init`: rebus_init's arguments, which follow its name. The filter is entered before it.
std::vector<std::string> bubblewrap_words(const CellOrder& order, const BubblewrapFiles& files,
                                          const std::vector<std::string>& init);

}  // namespace rebus
