// caged_clamav DATABASE < FILES: the same files as antivirus has them looked at, in the sandbox. Prints the
// same.
#include <fcntl.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdio>
#include <iostream>

#include "agents/support/clamav_scanner.h"
#include "descriptor/spool.h"

using namespace rebus;

int main(int count, char** words) {
  ClamavScanner scanner(count > 1 ? words[1] : "", {});
  if (auto ready = scanner.refresh(); !ready)
    return std::fputs((ready.error().message + "\n").c_str(), stderr), 1;
  std::vector<std::string> files;
  for (std::string file; std::getline(std::cin, file);) files.push_back(file);
  const auto begin = std::chrono::steady_clock::now();
  size_t named = 0;
  for (const std::string& file : files) {
    int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);  // the value closes it
    struct stat status {};
    if (fstat(fd, &status) != 0) return 1;
    auto answer = scanner.scan(file_value(fd, static_cast<uint64_t>(status.st_size), Digest()));
    if (!answer) return std::fputs((answer.error().message + "\n").c_str(), stderr), 1;
    named += answer->names.empty() ? 0 : 1;
  }
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  std::printf("%zu %.3f\n", named, time.count());
}
