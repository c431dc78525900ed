// BackgroundHash: the SHA-256 of bytes that come one after the other. What comes of a large value is hashed
// by a thread of its own, while whoever has it reads and writes on.
#pragma once

#include <memory>

#include "descriptor/digest.h"

namespace rebus {

// One thread; one use. Holds copies of at most some 2 MiB.
class BackgroundHash {
 public:
  BackgroundHash();
  ~BackgroundHash();
  BackgroundHash(const BackgroundHash&) = delete;
  BackgroundHash& operator=(const BackgroundHash&) = delete;

  void update(Bytes bytes);
  Digest finish();

 private:
  class Helper;

  static constexpr uint64_t kAtOnce = 4 << 20;  // bytes; what has no more needs no thread

  Sha256 hash_;
  uint64_t size_ = 0;
  std::unique_ptr<Helper> helper_;  // then hash_ is its
};

}  // namespace rebus
