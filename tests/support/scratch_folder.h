// ScratchFolder: a directory of its own for a test, gone afterwards.
#pragma once

#include <string>
#include <string_view>

namespace rebus {

class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }
  // The path of a name in it.
  std::string at(std::string_view name) const { return path_ + "/" + std::string(name); }
  // Writes a file, making directories on its way; gives its path.
  std::string write(std::string_view name, std::string_view bytes) const;
  // What a shell command prints, run in this folder with LC_ALL=C.UTF-8. The test fails if the command does.
  std::string run(const std::string& command) const;

 private:
  std::string path_;
};

// The bytes of a file; the test fails if it cannot be read.
std::string file_bytes(const std::string& path);

}  // namespace rebus
