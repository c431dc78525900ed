#include "tests/support/virus_signatures.h"

#include <algorithm>
#include <filesystem>

#include "descriptor/digest.h"

namespace rebus {

// In two halves, so that no engine finds it in this file.
std::string eicar() {
  return std::string(R"(X5O!P%@AP[4\PZX54(P^)7CC)7})") + "$EICAR-STANDARD-ANTI" + "VIRUS-TEST-FILE!$H+H*";
}

std::vector<std::string> clam_files() {
  std::vector<std::string> files;
  for (const auto& each : std::filesystem::directory_iterator(kClamFiles)) files.push_back(each.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::string signature_line(const std::string& name, const std::string& bytes) {
  return name + ":0:0:" + to_hex(as_bytes(bytes)) + "\n";
}

std::string make_signatures(const ScratchFolder& scratch, const std::string& name) {
  scratch.write(name + "/eicar.ndb", signature_line("Eicar-Test", eicar()));
  std::string line = scratch.run(std::string("sigtool --sha256 ") + kClamFiles + "clam.exe");
  scratch.write(name + "/clam.hsb", line.substr(0, line.rfind(':')) + ":Clam-Test\n");
  return scratch.at(name);
}

}  // namespace rebus
