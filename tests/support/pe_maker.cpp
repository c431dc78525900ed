#include "tests/support/pe_maker.h"

namespace rebus {
namespace {

constexpr size_t kStart = 64, kOptional = kStart + 24, kSections = kOptional + 224, kRaw = 512;
constexpr uint32_t kAddress = 0x1000;

void put16(std::string& bytes, size_t at, uint16_t number) {
  bytes[at] = static_cast<char>(number);
  bytes[at + 1] = static_cast<char>(number >> 8);
}

// Appends, and gives its address.
uint32_t add(std::string& section, const std::string& bytes) {
  auto at = static_cast<uint32_t>(section.size());
  section += bytes;
  section.resize((section.size() + 3) / 4 * 4);
  return kAddress + at;
}

uint32_t add_thunks(std::string& section, const std::vector<std::string>& functions) {
  std::string thunks((functions.size() + 1) * 4, '\0');
  for (size_t i = 0; i < functions.size(); i++) {
    bool is_ordinal = functions[i].starts_with('#');
    uint32_t entry = is_ordinal ? 0x80000000u | static_cast<uint32_t>(std::stoul(functions[i].substr(1)))
                                : add(section, std::string(2, '\0') + functions[i] + std::string(1, '\0'));
    put32(thunks, i * 4, entry);
  }
  return add(section, thunks);
}

}  // namespace

uint32_t get32(const std::string& bytes, size_t at) {
  uint32_t number = 0;
  for (size_t i = 4; i-- > 0;) number = number << 8 | static_cast<uint8_t>(bytes[at + i]);
  return number;
}

void put32(std::string& bytes, size_t at, uint32_t number) {
  put16(bytes, at, static_cast<uint16_t>(number));
  put16(bytes, at + 2, static_cast<uint16_t>(number >> 16));
}

std::string pe_importing(const std::vector<ImportedLibrary>& libraries) {
  std::string section((libraries.size() + 1) * 20, '\0');
  for (size_t i = 0; i < libraries.size(); i++) {
    uint32_t name = add(section, libraries[i].name + std::string(1, '\0'));
    uint32_t lookup = add_thunks(section, libraries[i].functions);
    put32(section, i * 20, lookup);
    put32(section, i * 20 + 12, name);
    put32(section, i * 20 + 16, lookup);
  }
  section.resize((section.size() + 511) / 512 * 512);

  std::string file(kRaw, '\0');
  file.replace(0, 2, "MZ");
  put32(file, 60, kStart);
  file.replace(kStart, 2, "PE");
  put16(file, kStart + 4, 0x14c);  // i386
  put16(file, kStart + 6, 1);      // sections
  put16(file, kStart + 20, 224);   // bytes of the optional header
  put16(file, kStart + 22, 0x102);
  put16(file, kOptional, 0x10b);
  put32(file, kOptional + 28, 0x400000);  // image base
  put32(file, kOptional + 32, 0x1000);    // alignment in memory
  put32(file, kOptional + 36, 0x200);     // and in the file
  put32(file, kOptional + 56, kAddress + 0x1000 * static_cast<uint32_t>(section.size() / 0x1000 + 1));
  put32(file, kOptional + 60, kRaw);
  put16(file, kOptional + 68, 3);   // a console program
  put32(file, kOptional + 92, 16);  // directories
  put32(file, kOptional + 104, kAddress);
  put32(file, kOptional + 108, static_cast<uint32_t>((libraries.size() + 1) * 20));
  file.replace(kSections, 6, ".idata");
  put32(file, kSections + 8, static_cast<uint32_t>(section.size()));
  put32(file, kSections + 12, kAddress);
  put32(file, kSections + 16, static_cast<uint32_t>(section.size()));
  put32(file, kSections + 20, kRaw);
  put32(file, kSections + 36, 0xC0000040);
  return file + section;
}

}  // namespace rebus
