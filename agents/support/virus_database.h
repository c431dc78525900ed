// VirusDatabase: a folder of ClamAV's signatures, told apart from what it was before.
#pragma once

#include <cstdint>
#include <string>

#include "descriptor/result.h"

namespace rebus {

struct VirusDatabase {
  std::string version;      // of its files: "daily.cld 27500, own.ndb 3f2a9c1e"
  std::string digest;       // SHA-256 of their names and bytes, in hex
  int64_t date_ns = 0;      // of the newest of them (UTC, since 1970)
  uint64_t signatures = 0;  // as the engine counts them
};

// kUnavailable: there is none in this folder, with what to do; or it cannot be read. Signatures are not
// counted.
Result<VirusDatabase> read_virus_database(const std::string& folder);

// Changes when a file of the folder changes; quickly made. Empty: it cannot be listed.
std::string virus_database_state(const std::string& folder);

// "" or why results should be looked at with care: it is older than a week.
std::string age_warning(const VirusDatabase& database, int64_t now_ns);

}  // namespace rebus
