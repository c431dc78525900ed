// ElfArchive: real programs and libraries of this machine in an archive, and what md5sum says of them.
#pragma once

#include <string>
#include <vector>

namespace rebus {

// Absolute paths of ELF files in /usr/bin and /usr/lib, position independent ones among them; at most
// `count`, and about `bytes` together.
std::vector<std::string> elf_files(size_t count, uint64_t bytes);

// Packs the files with tar, under their full paths without the leading slash.
void pack_files(const std::string& archive, const std::vector<std::string>& files);

// For each file in the tar archive, unpacked by tar and hashed by md5sum: "LABEL:MEMBER = MD5"; sorted.
std::vector<std::string> md5_lines(const std::string& archive, const std::string& label);

}  // namespace rebus
