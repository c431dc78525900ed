// Small Windows programs for tests.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rebus {

struct ImportedLibrary {
  std::string name;
  std::vector<std::string> functions;  // "#12": by ordinal 12
};

// A 32-bit PE file of one section, 512 bytes into the file and at address 0x1000, that begins with the import
// table: 20 bytes for each library and 20 zeros.
std::string pe_importing(const std::vector<ImportedLibrary>& libraries);

// A little-endian number of 4 bytes.
uint32_t get32(const std::string& bytes, size_t at);
void put32(std::string& bytes, size_t at, uint32_t number);

}  // namespace rebus
