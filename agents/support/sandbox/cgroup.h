// Cgroup: bounds on what a program and all that it starts use together, where this process may set them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "descriptor/result.h"

namespace rebus {

// Where the kernel's tables are; tests have some of their own.
struct CgroupPlaces {
  std::string mounts = "/proc/self/mounts";
  std::string own = "/proc/self/cgroup";
};

struct CgroupLimits {
  uint64_t memory = 0;  // bytes, of all together, with files in memory
  uint64_t processes = 0;
};

// Versions 1, 2 and both side by side: one group in each hierarchy that has a controller that is needed,
// below the group of this process, else at the top. Removed by the destructor; those of processes that were
// killed before they could are removed by the next.
class Cgroup {
 public:
  // kUnavailable: there is none that this process may make.
  static Result<Cgroup> make(const CgroupLimits& limits, const CgroupPlaces& places = {});
  ~Cgroup();
  Cgroup(Cgroup&& other) noexcept = default;
  Cgroup& operator=(Cgroup&&) = delete;

  // Takes the calling process in.
  Result<void> join() const;
  // What is bounded, as "cgroup v1: memory, processes".
  std::string layer() const;
  bool bounds_all() const { return has_memory_ && has_processes_; }
  // How often something was killed for want of memory, and how often no process was made.
  uint64_t memory_kills() const;
  uint64_t refused_processes() const;

 private:
  struct Group {
    std::string folder;
    bool is_v2 = false;
  };
  Cgroup() = default;
  bool make_v1(const std::string& controller, const CgroupLimits& limits, const CgroupPlaces& places);
  bool make_v2(const CgroupLimits& limits, const CgroupPlaces& places);

  std::vector<Group> groups_;
  std::string memory_events_, process_events_;  // files
  bool has_memory_ = false, has_processes_ = false;
};

}  // namespace rebus
