// What this host does with files that are no programs of its own: binfmt_misc.
#pragma once

#include <string>
#include <vector>

namespace rebus {

// Names of the handlers that are registered and enabled, sorted (Linux,
// Documentation/admin-guide/binfmt-misc.rst). They work in a cell, too: one with the flag F has its
// interpreter open, and others find theirs below /usr. So what a sample brings along may be run by a program
// that nobody meant. Not seen where the file system binfmt_misc is not mounted. Names are hostile to nobody
// but are any bytes.
std::vector<std::string> host_handlers(const std::string& folder = "/proc/sys/fs/binfmt_misc");

}  // namespace rebus
