// ls_uuid: what was analysed, under every name.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/bus_stage.h"

namespace rebus::ls_uuid_test {
namespace {

using Lines = std::vector<std::string>;

Lines sorted(Lines lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

TEST(LsUuid, prints_uuid_and_each_name_of_files_and_of_nothing_else) {
  BusStage stage;
  auto archive = stage.inject("a.tgz", "/archive/tar", "tar");
  auto bash = stage.extract(archive, "bin/bash", "/binary/elf", "elf");
  stage.result(bash, "/md5_hash", "m");
  stage.extract(archive, "bin/sh\n", "/binary/elf", "elf");
  auto lines = stage.run("ls_uuid", {}).lines();
  EXPECT_EQ(sorted(lines), sorted({archive.uuid.str() + " a.tgz", bash.uuid.str() + " a.tgz:bin/bash",
                                   bash.uuid.str() + " a.tgz:bin/sh\\x0a"}));
}

TEST(LsUuid, goes_on_over_many_pages_in_the_order_of_uuids) {
  BusStage stage;
  Lines expected;
  for (int i = 0; i < 1100; i++) {
    std::string name = "f" + std::to_string(i);
    expected.push_back(stage.inject(name, "/data", name).uuid.str() + " " + name);
  }
  EXPECT_EQ(stage.run("ls_uuid", {}).lines(), sorted(expected));
}

TEST(LsUuid, is_of_its_own_domain_or_that_of_d) {
  BusStage stage;
  stage.inject("mine", "/data", "1");
  stage.close();
  auto theirs = stage.inject("theirs", "/data", "2", "other");
  EXPECT_EQ(stage.run("ls_uuid", {.options = {{"domain", {"other"}}}}).text, theirs.uuid.str() + " theirs\n");
  EXPECT_EQ(stage.run("ls_uuid", {.domain = "other"}).text, theirs.uuid.str() + " theirs\n");
  EXPECT_EQ(stage.run("ls_uuid", {}).lines().size(), 1u);
  EXPECT_EQ(stage.run("ls_uuid", {.all_domains = true}).ended.error().code, Code::kInvalid);
  EXPECT_FALSE(declared("ls_uuid", {.options = {{"domain", {"a b"}}}}).ok());
}

TEST(LsUuid, in_json_has_names_and_metadata) {
  BusStage stage;
  auto file = stage.inject("one", "/data", "1");
  stage.inject("two", "/data", "1");
  auto lines = stage.run("ls_uuid", {.format = "json"}).lines();
  ASSERT_EQ(lines.size(), 1u);
  auto json = nlohmann::json::parse(lines[0]);
  EXPECT_EQ(json["uuid"], file.uuid.str());
  EXPECT_EQ(json["names"], nlohmann::json({"one", "two"}));
}

}  // namespace
}  // namespace rebus::ls_uuid_test
