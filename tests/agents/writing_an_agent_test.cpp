// The agent of docs/writing_an_agent.md is this very file, and does what the page says.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/docs/entropy.cpp"  // NOLINT(bugprone-suspicious-include): an agent is one file
#include "tests/support/run_once.h"

namespace rebus::writing_an_agent_test {
namespace {

std::string file(const std::string& name) {
  std::ifstream in(std::string(REBUS_SOURCE) + "/" + name);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(WritingAnAgent, page_shows_the_very_file) {
  std::string code = file("tests/docs/entropy.cpp");
  ASSERT_FALSE(code.empty());
  EXPECT_NE(file("docs/writing_an_agent.md").find("```cpp\n" + code + "```"), std::string::npos);
}

TEST(WritingAnAgent, entropy_of_two_values_is_one_bit) {
  auto run =
      run_once(entropy_agent, object_of("/binary/elf", "a", std::string(500, 'a') + std::string(500, 'b')));
  EXPECT_TRUE(run.wanted);
  EXPECT_FALSE(run.error);
  EXPECT_EQ(run.text("/entropy"), "1.00");
}

TEST(WritingAnAgent, texts_are_not_wanted) {
  EXPECT_FALSE(run_once(entropy_agent, object_of("/text/ascii", "a", "hello")).wanted);
}

}  // namespace
}  // namespace rebus::writing_an_agent_test
