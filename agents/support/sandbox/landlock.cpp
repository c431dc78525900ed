#include "agents/support/sandbox/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>

#include "descriptor/file_handle.h"

namespace rebus {
namespace {

Error no_landlock() { return {Code::kUnavailable, std::string("Landlock: ") + std::strerror(errno)}; }

// From the kernel's Documentation/userspace-api/landlock.rst, which the headers of Debian 12 do not all know:
// rights by version of the interface, and what `scoped` is about (6: abstract sockets, signals).
struct LandlockRules {
  uint64_t files = 0, net = 0, scoped = 0;
};

constexpr uint64_t kTruncate = 1ULL << 14;

LandlockRules all_rules(int version) {
  LandlockRules all;
  all.files = (1ULL << 13) - 1;
  if (version >= 2) all.files |= 1ULL << 13;  // linking between directories
  if (version >= 3) all.files |= kTruncate;
  if (version >= 4) all.net = 3;              // TCP: bind, connect
  if (version >= 5) all.files |= 1ULL << 15;  // ioctl of devices
  if (version >= 6) all.scoped = 3;
  return all;
}

bool allow(const FileHandle& rules, const std::string& folder, uint64_t rights) {
  FileHandle open_folder(open(folder.c_str(), O_PATH | O_CLOEXEC));
  landlock_path_beneath_attr rule{rights, open_folder.get()};
  return open_folder.get() >= 0 &&
         syscall(SYS_landlock_add_rule, rules.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

}  // namespace

Result<std::string> enter_landlock(const LandlockExceptions& exceptions) {
  auto version =
      static_cast<int>(syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
  if (version < 1) return no_landlock();
  LandlockRules all = all_rules(version);
  if (exceptions.tcp) all.net = 0;
  size_t known = version >= 6 ? 24 : version >= 4 ? 16 : 8;
  FileHandle rules(static_cast<int>(syscall(SYS_landlock_create_ruleset, &all, known, 0)));
  if (rules.get() < 0) return no_landlock();
  constexpr uint64_t kRead =
      LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
  for (const std::string& folder : exceptions.readable) {
    if (!allow(rules, folder, kRead)) return no_landlock();
  }
  for (const std::string& folder : exceptions.writable) {
    if (!allow(rules, folder, all.files)) return no_landlock();
  }
  const uint64_t scratch = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                           LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                           LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                           LANDLOCK_ACCESS_FS_REMOVE_DIR | (all.files & kTruncate);
  for (const std::string& folder : exceptions.scratch) {
    if (!allow(rules, folder, scratch)) return no_landlock();
  }
  if (syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0) return no_landlock();
  return "landlock " + std::to_string(version);
}

}  // namespace rebus
