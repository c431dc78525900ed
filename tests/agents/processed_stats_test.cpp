// processed_stats: what it counts of what concerns each consumer.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agents/support/taking.h"
#include "tests/support/bus_stage.h"

namespace rebus::processed_stats_test {
namespace {

using Lines = std::vector<std::string>;

// Takes two kinds of results; fails on "bad", leaves "left".
class Judge final : public Agent {
 public:
  bool accepts(Work& work) override { return *work.value().load(100) != "left"; }
  Result<void> process(Work& work) override {
    if (*work.value().load(100) == "bad") return Error{Code::kFailed, "bad"};
    return {};
  }
};

const AgentSpec kJudge = {
    .name = "judge",
    .prefixes = {"/md5_hash", "/notes"},
    .options = {{.name = "--strict", .metavar = {}, .help = {}, .fallback = {}}},
    .make = [](const Setting&) -> std::unique_ptr<Agent> { return std::make_unique<Judge>(); },
};

TEST(ProcessedStats, counts_what_concerns_a_consumer_and_what_of_it_is_handled) {
  BusStage stage;
  auto file = stage.inject("f", "/binary/elf", "elf");
  for (const char* value : {"good", "bad", "left"}) stage.result(file, "/md5_hash", value);
  stage.result(file, "/notes/x", "good");
  stage.result(file, "/others", "good");
  stage.close();
  stage.consume(kJudge);
  EXPECT_EQ(stage.run("processed_stats", {}).text, "judge: 4/4\n");
  stage.result(file, "/notes", "while it is not there");
  EXPECT_EQ(stage.run("processed_stats", {}).text, "judge: 4/5\n");
}

TEST(ProcessedStats, counts_objects_only_for_those_who_take_objects_only) {
  BusStage stage;
  auto file = stage.inject("f", "/binary/elf", "elf");
  stage.result(file, "/binary/unpacked", "result");
  stage.close();
  stage.consume(*find_agent("stringer"));
  EXPECT_EQ(stage.run("processed_stats", {}).text, "stringer: 1/1\n");
}

TEST(ProcessedStats, tells_consumers_apart_by_their_options) {
  BusStage stage;
  stage.result(stage.inject("f", "/binary/elf", "elf"), "/notes", "good");
  stage.close();
  stage.consume(kJudge);
  stage.result(stage.inject("g", "/binary/elf", "elf2"), "/notes", "good too");
  stage.close();
  stage.consume(kJudge, {.options = {{"strict", {}}}});
  EXPECT_EQ(stage.run("processed_stats", {}).lines(), (Lines{"judge: 1/2", "judge {\"strict\":[]}: 2/2"}));
}

TEST(ProcessedStats, counts_in_its_own_domain_or_that_of_d) {
  BusStage stage;
  stage.inject("f", "/binary/elf", "1");
  stage.inject("g", "/binary/elf", "2");
  stage.close();
  stage.inject("h", "/binary/elf", "3", "other");
  stage.close();
  stage.consume(*find_agent("stringer"));
  EXPECT_EQ(stage.run("processed_stats", {}).text, "stringer: 2/2\n");
  EXPECT_EQ(stage.run("processed_stats", {.domain = "other"}).text, "stringer: 1/1\n");
  EXPECT_EQ(stage.run("processed_stats", {.options = {{"domain", {"other"}}}}).text, "stringer: 1/1\n");
  EXPECT_FALSE(declared("processed_stats", {.options = {{"domain", {"a b"}}}}).ok());
}

class Text final : public Output {
 public:
  void write(std::string_view bytes) override { text += bytes; }
  void note(const std::string&) override {}
  void progress(const std::string&) override {}
  void input_failed() override {}
  void incomplete() override {}
  std::string text;
};

Text& answer() {
  static Text text;
  return text;
}

// Looks how far it is itself when it comes to "ask".
class Asking final : public Agent {
 public:
  Result<void> process(Work& work) override {
    if (*work.value().load(100) != "ask") return {};
    Options options;
    Setting setting{options, Domain(), "text", false, false, false, {}, answer()};
    return find_agent("processed_stats")->make(setting)->run(work.bus());
  }
};

TEST(ProcessedStats, counts_what_is_handled_of_work_that_goes_on) {
  const AgentSpec asking = {
      .name = "asking",
      .prefixes = {"/notes"},
      .make = [](const Setting&) -> std::unique_ptr<Agent> { return std::make_unique<Asking>(); },
  };
  BusStage stage;
  auto file = stage.inject("f", "/binary/elf", "elf");
  for (const char* value : {"one", "two", "ask", "three"}) stage.result(file, "/notes", value);
  stage.close();
  answer().text.clear();
  stage.consume(asking);
  EXPECT_EQ(answer().text, "asking: 2/4\n");
}

TEST(ProcessedStats, in_json_has_agent_options_and_counts) {
  BusStage stage;
  stage.inject("f", "/binary/elf", "1");
  stage.close();
  stage.consume(*find_agent("stringer"));
  auto json = nlohmann::json::parse(stage.run("processed_stats", {.format = "json"}).lines().at(0));
  EXPECT_EQ(json["agent"], "stringer");
  EXPECT_EQ(json["done"], 1);
  EXPECT_EQ(json["total"], 1);
  EXPECT_EQ(json["instances"], 0);
  EXPECT_EQ(json["options"], nlohmann::json::object());
}

TEST(Taking, reads_what_a_consumer_declared) {
  ConsumerStatus status;
  status.consumer.takes = R"({"objects_only":true,"prefixes":["/a"],"selector_regex":"x\\\\d"})";
  auto object = make_object(Domain(), "/a/x1", "", Value::of("1"), "inject");
  auto taking = Taking::of(status);
  EXPECT_TRUE(taking.includes(object));
  EXPECT_FALSE(taking.includes(make_child(object, "agent", "/a/x1", Value::of("1")))) << "no object";
  EXPECT_FALSE(taking.includes(make_object(Domain(), "/a/y", "", Value::of("1"), "inject"))) << "regex";
  EXPECT_FALSE(taking.includes(make_object(Domain(), "/b/x1", "", Value::of("1"), "inject"))) << "path";
  status.consumer.takes = std::string(64, 'a');
  EXPECT_TRUE(Taking::of(status).includes(object)) << "of a hash nothing can be read";
}

TEST(Taking, serves_every_domain_from_default_unless_it_keeps_to_its_own) {
  Domain other = *Domain::parse("other");
  ConsumerStatus status;
  EXPECT_TRUE(Taking::of(status).serves(other));
  status.consumer.takes = R"({"own_domain":true,"prefixes":["/"]})";
  EXPECT_FALSE(Taking::of(status).serves(other));
  status.consumer.domain = other;
  EXPECT_TRUE(Taking::of(status).serves(other));
  EXPECT_FALSE(Taking::of(status).serves(Domain()));
}

}  // namespace
}  // namespace rebus::processed_stats_test
