// plain_clamav DATABASE < FILES: libclamav in a plain loop over the files, a path each line. Prints how many
// it called something, and the seconds of the loop. It links libclamav, and is under its licence therefore.
#include <fcntl.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "agents/workers/clamav_engine.h"
#include "descriptor/file_handle.h"

using namespace rebus;

int main(int count, char** words) {
  auto engine = ClamavEngine::load(count > 1 ? words[1] : "", {});
  if (!engine) return std::fputs((engine.error().message + "\n").c_str(), stderr), 1;
  std::vector<std::string> files;
  for (std::string file; std::getline(std::cin, file);) files.push_back(file);
  const auto begin = std::chrono::steady_clock::now();
  size_t named = 0;
  for (const std::string& file : files) {
    FileHandle open_file(open(file.c_str(), O_RDONLY | O_CLOEXEC));
    named += engine->scan(open_file.get()).names.empty() ? 0 : 1;
  }
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  std::printf("%zu %.3f\n", named, time.count());
}
