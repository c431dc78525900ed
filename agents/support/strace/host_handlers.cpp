#include "agents/support/strace/host_handlers.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace rebus {
namespace {

namespace fs = std::filesystem;

bool is_enabled(const fs::path& file) {
  std::ifstream stream(file);
  std::string word;
  return stream >> word && word == "enabled";
}

}  // namespace

std::vector<std::string> host_handlers(const std::string& folder) {
  std::vector<std::string> names;
  if (!is_enabled(fs::path(folder) / "status")) return names;
  std::error_code error;
  for (fs::directory_iterator each(folder, error), end; !error && each != end; each.increment(error)) {
    const std::string name = each->path().filename();
    if (name != "status" && name != "register" && is_enabled(each->path())) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace rebus
