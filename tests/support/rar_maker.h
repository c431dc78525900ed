// RAR archives made in memory: no free program makes them. Of version 5, stored.
#pragma once

#include <string>
#include <vector>

namespace rebus {

struct RarEntry {
  std::string name;
  std::string bytes;
  bool has_wrong_checksum = false;
};

enum class RarEncryption { kNone, kContent, kHeaders };

// After the description of the format by its author (technote.htm of rarlab.com). One password for all.
std::string make_rar(const std::vector<RarEntry>& entries, RarEncryption encryption = RarEncryption::kNone,
                     const std::string& password = {});

}  // namespace rebus
