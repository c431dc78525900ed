// What a service manager wants to know.
#pragma once

namespace rebus {

// Tells systemd that the program is ready, if it was started by a unit of Type=notify; else does nothing.
void notify_ready();

}  // namespace rebus
