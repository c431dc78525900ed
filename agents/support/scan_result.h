// ScanResult: what stands in a result of antivirus.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agents/support/scan_verdict.h"
#include "agents/support/virus_scanner.h"
#include "descriptor/record.h"

namespace rebus {

// The JSON of /antivirus/clamav. `version`: how many results of this file there were before. By it the same
// finding after others is a result of its own.
std::string scan_result_json(const ScanVerdict& verdict, const ScanSource& source, uint64_t version);

// One that was stored.
struct StoredScan {
  uint32_t version = 0;
  std::string json;
  std::string verdict, database, digest;  // version and digest of the database; hostile text
  std::vector<std::string> signatures;

  // Errors of reading the value as they are. What is no such JSON has no verdict.
  static Result<StoredScan> read(const Record& record);
  // The JSON of /antivirus/clamav/difference: from this to what is said now. "" if both say the same of the
  // file.
  std::string difference_to(const ScanVerdict& now, const ScanSource& source, uint64_t now_version) const;
};

}  // namespace rebus
