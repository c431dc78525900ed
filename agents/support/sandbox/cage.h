// Cage: what a process takes from itself before it looks at hostile bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agents/support/sandbox/sandbox_level.h"
#include "descriptor/result.h"

namespace rebus {

struct CageLimits {
  uint64_t memory = 2ULL << 30;  // bytes of address space
  // Bytes of a folder for temporary files, which is the current one from then on: in a memory of its own,
  // which is gone with the process. Without the namespaces it is the current folder, which must be private,
  // empty and of this user (of root: of nobody), and is somebody else's to remove. 0: no files at all.
  uint64_t scratch = 0;
};

// Ends: privileges and capabilities, files (a root directory that is empty, no opening of any), network,
// other processes, programs. Left: the files that are open, memory, the clock. For a process of one thread
// that has opened all it needs. Layers, in this order, and what each of them alone prevents:
//
//   namespaces   of its own: user, mount (its root is an empty directory), network, IPC, host name
//   privileges   no_new_privs, no capability; of root also the user and groups: 65534 (nobody)
//   landlock     no file, no TCP port, no signal to others; as much as the kernel knows
//   limits       memory, no core file, no new process or thread, no more files, no byte written to any
//   seccomp      only calls that parsers need; another one ends the process (opening: is refused)
//
// With a scratch folder: files and folders in it alone (namespaces, landlock), no larger than it (limits),
// and the calls for that.
//
// The names of the layers, in the order in which they are entered.
std::vector<std::string_view> cage_layers();
// One of them. Gives what it is called on this kernel, such as "landlock 7".
Result<std::string> enter_cage_layer(std::string_view name, const CageLimits& limits);

// All of them. Gives the layers that are there, such as "landlock 7". kUnavailable names the one that is
// missing and must not be. What `--sandbox` means, and what is tried against it: docs/security.md.
Result<std::vector<std::string>> enter_cage(SandboxLevel level, const CageLimits& limits);

}  // namespace rebus
