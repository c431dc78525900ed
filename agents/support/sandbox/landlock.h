// Landlock: what this process and its children may reach from now on, as much as the kernel knows.
#pragma once

#include <string>
#include <vector>

#include "descriptor/result.h"

namespace rebus {

// What stays allowed.
struct LandlockExceptions {
  std::vector<std::string> readable = {};  // folders: reading and executing below them
  std::vector<std::string> writable = {};  // everything
  // To read and write files, to list folders, to make and remove both; no links, no programs.
  std::vector<std::string> scratch = {};
  bool tcp = false;
};

// Ends: files but these, TCP, abstract sockets and signals of others. Gives "landlock" and the version of its
// interface. Needs no_new_privs, or privileges.
Result<std::string> enter_landlock(const LandlockExceptions& exceptions);

}  // namespace rebus
