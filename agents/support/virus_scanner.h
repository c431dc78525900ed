// VirusScanner: an engine that looks for malware, wherever it runs.
#pragma once

#include <string>
#include <vector>

#include "agents/parsers/scan_messages.h"
#include "agents/support/virus_database.h"
#include "descriptor/value.h"

namespace rebus {

// What stands on each of its results.
struct ScanSource {
  std::string engine;  // version of ClamAV
  VirusDatabase database;
  std::string trouble;               // with a newer database that cannot be used; or ""
  std::vector<std::string> sandbox;  // layers (cage.h)
};

class VirusScanner {
 public:
  virtual ~VirusScanner() = default;
  // Takes a database that is newer, if there is one. kUnavailable: there is no engine (now).
  virtual Result<void> refresh() = 0;
  // After refresh() only. Until the next one it does not change, but for the layers.
  virtual const ScanSource& source() const = 0;
  // kFailed: the engine ended or misbehaved, and does so again and again; kUnavailable: there is none; errors
  // of reading the value as they are. What it says is hostile text.
  virtual Result<ScanAnswer> scan(const Value& value) = 0;
};

}  // namespace rebus
