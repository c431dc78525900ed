// Ballast: a file that only takes room on the disk, so that there is some to give away when others have
// filled it.
#pragma once

#include <cstdint>
#include <string>

namespace rebus {

class Ballast {
 public:
  static constexpr uint64_t kSize = 128 << 20;  // bytes

  // One that is there from before counts.
  explicit Ballast(const std::string& directory);
  bool is_there() const { return is_there_; }
  // Takes the room, unless there is none or the file system has no way to promise it.
  void take();
  // Gives it away; false if it was not there.
  bool release();

 private:
  std::string path_;
  bool is_there_;
  bool is_possible_ = true;
};

}  // namespace rebus
