// Cell: where a program of others runs, as rebus_cell makes it.
#pragma once

#include "agents/support/sandbox/cell_order.h"
#include "descriptor/result.h"

namespace rebus {

// Layers; those in brackets where the host has them, the others always, or it is not run:
//
//   namespaces   bubblewrap: user, mount, process, network, IPC, host name, cgroup; of this host's files
//                /usr and what is ordered, read-only; inputs; an empty scratch of limited size
//   privileges   not root (of root: 65534), no capability, no_new_privs
//   limits       memory, processes, size of files, CPU time; no core file
//   seccomp      no call that program_calls.h names
//   [landlock]   files again, TCP, abstract sockets and signals to others
//   [cgroup]     memory and processes of all together
//
// Takes standard input, output and error, and the sockets and files of cell_order.h, runs it, and ends when
// all that it started is dead: because it ended, because its time is over, or because the agent closed the
// socket or died. 0: it said all that there is to say.
int serve_cell();

}  // namespace rebus
