// ClamavEngine: libclamav with its signatures.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "agents/parsers/scan_messages.h"
#include "descriptor/result.h"

struct cl_engine;

namespace rebus {

// One thread, and one engine in a process: libclamav gives its messages to one place.
class ClamavEngine {
 public:
  // kUnavailable: why these signatures cannot be loaded.
  static Result<ClamavEngine> load(const std::string& database, const ScanLimits& limits);

  // What is in an open file. Temporary files are made in the current folder.
  ScanAnswer scan(int file) const;

  static std::string version();
  uint64_t signatures() const { return signatures_; }

 private:
  struct Free {
    void operator()(cl_engine* engine) const;
  };
  std::unique_ptr<cl_engine, Free> engine_;
  ScanLimits limits_;
  uint64_t signatures_ = 0;
};

}  // namespace rebus
