// What a program that handles samples asks of the system for itself.
#pragma once

namespace rebus {

// Files and sockets that it makes are this user's alone; a core dump, which would hold samples, is not made;
// it may have as many connections (files) as the system allows.
void set_process_limits();

// Where standard input, output or error is closed, opens something that cannot be read or written: else the
// next file that is opened would be taken for it. First of all.
void guard_standard_files();

}  // namespace rebus
