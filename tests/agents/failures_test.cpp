// ls_failed: what failed is told under each name, and is gone when it is tried again.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/bus_stage.h"

namespace rebus::failures_test {
namespace {

using Lines = std::vector<std::string>;

bool is_broken = true;

// Fails on everything while is_broken.
class Picky final : public Agent {
 public:
  Result<void> process(Work& work) override {
    if (is_broken) return Error{Code::kFailed, "no\nlicence"};
    return work.push("/picked", "yes", Kind::kText);
  }
};

AgentSpec picky() {
  AgentSpec spec;
  spec.name = "picky";
  spec.prefixes = {"/binary"};
  spec.objects_only = true;
  spec.make = [](const Setting&) -> std::unique_ptr<Agent> { return std::make_unique<Picky>(); };
  return spec;
}

TEST(Failures, are_listed_under_each_name_and_tried_again) {
  is_broken = true;
  BusStage stage;
  auto tar = stage.inject("a.tar", "/archive/tar", "tar");
  auto file = stage.extract(tar, "x\x1b", "/binary/elf", "x");
  stage.extract(tar, "y", "/binary/elf", "x");
  stage.close();
  stage.consume(picky());
  std::string line = "picky failed " + file.selector.str() + " a.tar:";
  EXPECT_EQ(stage.run("ls_failed", {}).lines(),
            (Lines{line + "x\\x1b: no\\x0alicence", line + "y: no\\x0alicence"}));
  EXPECT_TRUE(stage.run("ls_failed", {.arguments = {"hasher"}}).lines().empty());
  auto json = nlohmann::json::parse(stage.run("ls_failed", {.arguments = {"picky"}, .format = "json"}).text);
  EXPECT_EQ(json["failed_agent"], "picky");
  EXPECT_EQ(json["outcome"], "failed");
  EXPECT_EQ(json["names"].size(), 2u);

  auto client = stage.client();
  EXPECT_EQ(client->retry("hasher", 0).error().code, Code::kNotFound);  // is not there
  EXPECT_EQ(*client->retry("picky", client->get(Domain(), file.selector)->seq), 1u);
  EXPECT_TRUE(stage.run("ls_failed", {}).lines().empty());
  is_broken = false;
  stage.consume(picky());
  EXPECT_TRUE(stage.run("ls_failed", {}).lines().empty());
  EXPECT_EQ(stage.run("ls", {.arguments = {"/picked"}}).lines().size(), 1u);
}

}  // namespace
}  // namespace rebus::failures_test
