// Which runs of an agent are the same consumer.
#include "bus/runner.h"

#include <gtest/gtest.h>

namespace rebus::runner_test {
namespace {

const AgentSpec kTool = {
    .name = "tool",
    .options = {{.name = "-a,--algorithms", .metavar = "LIST", .fallback = "md5,sha1", .list = true},
                {.name = "--deep"},
                {.name = "--speed", .metavar = "N", .neutral = true},
                {.name = "--password", .metavar = "TEXT", .secret = true}},
};

Options with(std::initializer_list<std::pair<const char*, std::vector<std::string>>> values) {
  Options options;
  for (const auto& [name, list] : values) options.set(name, list);
  return options;
}

TEST(ConsumerConfig, HoldsWhatAltersTheOutput) {
  EXPECT_EQ(consumer_config(kTool, with({{"algorithms", {"md5"}}, {"deep", {}}, {"speed", {"9"}}})),
            R"({"algorithms":["md5"],"deep":[]})");
}

TEST(ConsumerConfig, LeavesOutDefaultsSoThatANewOptionMakesNoNewConsumer) {
  EXPECT_EQ(consumer_config(kTool, with({{"algorithms", {"md5", "sha1"}}})), "{}");
  EXPECT_EQ(consumer_config(kTool, Options()), "{}");
}

TEST(ConsumerConfig, HoldsSecretsAsTheirHash) {
  const std::string first = consumer_config(kTool, with({{"password", {"infected"}}}));
  EXPECT_EQ(first.find("infected"), std::string::npos);
  EXPECT_EQ(first, consumer_config(kTool, with({{"password", {"infected"}}})));
  EXPECT_NE(first, consumer_config(kTool, with({{"password", {"malware"}}})));
}

TEST(ConsumerConfig, HoldsArgumentsUnlessTheyAreNeutral) {
  Options options;
  options.set_arguments({"x"});
  AgentSpec tool = kTool;
  EXPECT_EQ(consumer_config(tool, options), "{}");
  tool.arguments.neutral = false;
  EXPECT_EQ(consumer_config(tool, options), R"({"arguments":["x"]})");
}

}  // namespace
}  // namespace rebus::runner_test
