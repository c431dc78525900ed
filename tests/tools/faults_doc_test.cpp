// The page that tells which test shows what names tests that exist.
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>

#include "tests/support/scratch_folder.h"

namespace rebus::faults_doc_test {
namespace {

std::set<std::string> tests_in_sources() {
  std::set<std::string> names;
  const std::regex kTest("\nTEST(_F|_P)?\\(([A-Za-z]+),\\s*([A-Za-z_0-9]+)\\)");
  for (const auto& file : std::filesystem::recursive_directory_iterator(REBUS_SOURCE "/tests")) {
    if (!file.path().string().ends_with("_test.cpp")) continue;
    std::string text = file_bytes(file.path());
    for (std::sregex_iterator it(text.begin(), text.end(), kTest), end; it != end; ++it) {
      names.insert((*it)[2].str() + "." + (*it)[3].str());
    }
  }
  return names;
}

TEST(FaultsDocTest, NamesTestsThatExist) {
  const auto existing = tests_in_sources();
  const std::string page = file_bytes(REBUS_SOURCE "/docs/faults.md");
  const std::regex kName("`([A-Z][A-Za-z]+\\.[A-Za-z_0-9]+)`");
  int count = 0;
  for (std::sregex_iterator it(page.begin(), page.end(), kName), end; it != end; ++it, ++count) {
    EXPECT_TRUE(existing.contains((*it)[1]))
        << "docs/faults.md names a test that does not exist: " << (*it)[1];
  }
  EXPECT_GT(count, 40);
}

}  // namespace
}  // namespace rebus::faults_doc_test
