#include "tests/support/elf_archive.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus {
namespace {

namespace fs = std::filesystem;

bool is_elf(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  char magic[4] = {};
  return in.read(magic, 4) && std::string_view(magic, 4) ==
                                  "\x7f"
                                  "ELF";
}

bool has_plain_name(const std::string& path) {
  return std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < 0x7f && c != '\\'; });
}

}  // namespace

std::vector<std::string> elf_files(size_t count, uint64_t bytes) {
  constexpr uint64_t kLargest = 512 << 10;
  std::vector<std::string> files;
  for (const char* folder : {"/usr/bin", "/usr/lib"}) {
    auto options = fs::directory_options::skip_permission_denied;
    for (const auto& entry : fs::recursive_directory_iterator(folder, options)) {
      if (files.size() == count || bytes == 0) break;
      std::error_code failed;
      if (!entry.is_regular_file(failed) || entry.is_symlink(failed)) continue;
      uint64_t size = entry.file_size(failed);
      if (failed || size > std::min(kLargest, bytes) || !has_plain_name(entry.path()) ||
          !is_elf(entry.path()))
        continue;
      files.push_back(entry.path());
      bytes -= size;
    }
  }
  EXPECT_GE(files.size(), std::min<size_t>(count, 50)) << "this machine has too few programs";
  return files;
}

void pack_files(const std::string& archive, const std::vector<std::string>& files) {
  std::string list;
  for (const auto& file : files) list += file.substr(1) + "\n";
  auto done = run({"tar", "-C", "/", "--hard-dereference", "-czf", archive, "-T", "-"}, ".", list);
  EXPECT_EQ(done.exit_code, 0) << done.err;
}

std::vector<std::string> md5_lines(const std::string& archive, const std::string& label) {
  ScratchFolder folder;
  auto unpacked = run({"tar", "-xf", archive, "-C", folder.path()});
  EXPECT_EQ(unpacked.exit_code, 0) << unpacked.err;
  auto hashed = shell("find . -type f -printf '%P\\0' | xargs -0 md5sum", folder.path());
  std::vector<std::string> lines;
  for (const auto& line : hashed.sorted_lines()) {
    lines.push_back(label + ":" + line.substr(34) + " = " + line.substr(0, 32));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace rebus
