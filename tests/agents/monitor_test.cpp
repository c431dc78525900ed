// monitor: everything that comes, with all that is known of it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/bus_stage.h"

namespace rebus::monitor_test {
namespace {

TEST(Monitor, shows_all_metadata_and_the_begin_of_the_value) {
  BusStage stage;
  auto file = stage.inject("na\x1bme", "/binary/elf", "elf");
  auto md5 = stage.result(file, "/md5_hash", std::string(600, 'm') + "\n");
  std::string text = stage.run("monitor", {}).text;
  for (const std::string& line :
       {"selector:   " + md5.selector.str(), "label:      na\\x1bme" + std::string(),
        "uuid:       " + file.uuid.str(), std::string("domain:     default"),
        "precursor:  " + file.selector.str(), std::string("agent:      stage"),
        std::string("size:       601 bytes of text"), "sha256:     " + md5.value.digest().hex(),
        "value:      " + std::string(500, 'm') + "…"}) {
    EXPECT_NE(text.find("\n" + line), std::string::npos) << line << "\nin\n" << text;
  }
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("selector:   /submission/%"), std::string::npos) << "everything";
}

TEST(Monitor, shows_a_further_name_and_where_it_stands) {
  BusStage stage;
  auto archive = stage.inject("a.tgz", "/archive/tar", "tar");
  auto bash = stage.extract(archive, "bash", "/binary/elf", "elf");
  stage.extract(archive, "rbash", "/binary/elf", "elf");
  std::string text = stage.run("monitor", {}).text;
  EXPECT_TRUE(text.ends_with("selector:   " + bash.selector.str() +
                             "\nnew name:   rbash\ninside of:  " + archive.selector.str() + "\n"))
      << text;
  auto json = nlohmann::json::parse(stage.run("monitor", {.format = "json"}).lines().back());
  EXPECT_EQ(json["new_name"], "rbash");
  EXPECT_EQ(json["container"], archive.selector.str());
}

TEST(Monitor, in_json_gives_one_object_per_descriptor) {
  BusStage stage;
  auto file = stage.inject("f", "/data", std::string(600, '\xff'));
  auto lines = stage.run("monitor", {.format = "json"}).lines();
  ASSERT_EQ(lines.size(), 2u);
  auto json = nlohmann::json::parse(lines[1]);
  EXPECT_EQ(json["selector"], file.selector.str());
  EXPECT_EQ(json["value_cut"], true);
  EXPECT_EQ(json["value_size"], 600);
}

TEST(Monitor, shows_its_own_domain_unless_told_otherwise) {
  BusStage stage;
  stage.inject("mine", "/data", "1");
  stage.close();
  stage.inject("theirs", "/data", "2", "other");
  EXPECT_EQ(stage.run("monitor", {.format = "json"}).lines().size(), 2u);
  EXPECT_EQ(stage.run("monitor", {.format = "json", .all_domains = true}).lines().size(), 4u);
}

}  // namespace
}  // namespace rebus::monitor_test
