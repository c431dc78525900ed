// Archives made in memory, by libarchive's writing half.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rebus {

struct ArchiveEntry {
  std::string name;
  std::string bytes;
  unsigned type = 0100000;    // S_IFREG; S_IFLNK, S_IFDIR, S_IFCHR, … otherwise
  std::string link = {};      // target of a symbolic link
  std::string hardlink = {};  // target of a hard link
};

// `format` as in archive_write_set_format_by_name ("ustar", "pax", "zip", "7zip", "cpio", "newc", "arbsd",
// "iso9660", "xar", "warc", "raw"); `filter` as in archive_write_add_filter_by_name ("none", "gzip", "bzip2",
// "xz", "zstd", "lz4", "compress", "lzma", "lzip"). The test fails if libarchive refuses.
std::string make_archive(const std::string& format, const std::string& filter,
                         const std::vector<ArchiveEntry>& entries, const std::string& password = {});

// One file compressed.
std::string compress(const std::string& filter, const std::string& bytes);

}  // namespace rebus
