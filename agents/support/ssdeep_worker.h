// SsdeepWorker: ssdeep hashes, computed by the program rebus_ssdeep.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "descriptor/digest.h"
#include "descriptor/file_handle.h"

namespace rebus {

// libfuzzy is under the GPL: it stays in a process of its own. One process serves for many values; it is
// started when it is needed first, and again after it died. One thread.
class SsdeepWorker {
 public:
  SsdeepWorker() = default;
  ~SsdeepWorker() { stop(); }
  SsdeepWorker(const SsdeepWorker&) = delete;
  SsdeepWorker& operator=(const SsdeepWorker&) = delete;

  // One value: its size in bytes (at most 192 GiB), all its bytes, its hash. What was begun and not brought
  // to its end is forgotten by the next begin(). kFailed if the process died or does nothing for a minute,
  // kUnavailable if there is none.
  Result<void> begin(uint64_t size);
  Result<void> append(Bytes bytes);
  Result<std::string> end();

  // kUnavailable says what to install.
  static Result<void> check_installed();
  static Error not_installed();
  // The program: beside the one that runs, or in $PATH.
  static std::string program();

 private:
  Result<void> start();
  Error died();
  void stop();

  pid_t pid_ = 0;
  FileHandle channel_{-1};
  bool has_open_value_ = false;
};

}  // namespace rebus
