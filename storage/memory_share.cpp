#include "storage/memory_share.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace rebus {
namespace {

constexpr uint64_t kLeast = 64 << 20, kPart = 8, kAny = std::numeric_limits<uint64_t>::max();

// The number behind this word (none: at the begin of the file); kAny if there is none.
uint64_t number_in(const char* path, const std::string& word = {}) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(word)) continue;
    size_t at = line.find_first_of("0123456789");
    return at == line.npos ? kAny : std::strtoull(line.c_str() + at, nullptr, 10);
  }
  return kAny;
}

uint64_t free_memory() {
  const uint64_t kibibytes = number_in("/proc/meminfo", "MemAvailable:");
  return kibibytes > kAny / 1024 ? kAny : kibibytes * 1024;
}

}  // namespace

uint64_t memory_share() {
  const uint64_t group = std::min(number_in("/sys/fs/cgroup/memory.max"),                     // version 2
                                  number_in("/sys/fs/cgroup/memory/memory.limit_in_bytes"));  // 1
  const uint64_t most = std::min(free_memory(), group);
  return most == kAny ? kLeast : std::max(kLeast, most / kPart);
}

}  // namespace rebus
