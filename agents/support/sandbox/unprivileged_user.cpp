#include "agents/support/sandbox/unprivileged_user.h"

#include <grp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace rebus {

Result<void> stop_being_root() {
  if (geteuid() != 0) return {};
  if (setgroups(0, nullptr) != 0 || setresgid(kNobody, kNobody, kNobody) != 0 ||
      setresuid(kNobody, kNobody, kNobody) != 0)
    return Error{Code::kUnavailable, std::string("becoming nobody: ") + std::strerror(errno)};
  return {};
}

}  // namespace rebus
