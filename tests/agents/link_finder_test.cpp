// link_finder: which files it links, in whatever order things come.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "tests/support/bus_stage.h"

namespace rebus::link_finder_test {
namespace {

using Pair = std::pair<std::string, std::string>;  // uuids

const AgentSpec& link_finder() { return *find_agent("link_finder"); }

std::vector<Record> links_of(BusStage& stage, const std::string& regex = "/link") {
  std::vector<Record> links;
  Find query{.by = By::kRegex, .domain = Domain(), .all_domains = true, .text = regex, .agent = {}};
  EXPECT_TRUE(stage.client()
                  ->for_each(query,
                             [&](Record& record) {
                               links.push_back(record);
                               return true;
                             })
                  .ok());
  return links;
}

nlohmann::json value_of(const Record& record) {
  return nlohmann::json::parse(*record.descriptor.value.load(1 << 20));
}

std::set<Pair> ends_of(const std::vector<Record>& links) {
  std::set<Pair> ends;
  for (const Record& link : links) ends.emplace(link.descriptor.uuid.str(), value_of(link)["otherUUID"]);
  return ends;
}

class LinkFinder : public testing::Test {
 protected:
  void find(const Called& called = {}) {
    stage.close();
    stage.consume(link_finder(), called);
  }
  Descriptor with(const std::string& name, const std::string& path, const std::string& value) {
    Descriptor file = stage.inject(name, "/binary/elf", name);
    stage.result(file, path, value);
    return file;
  }

  BusStage stage;
};

TEST_F(LinkFinder, gives_a_symmetric_pair_for_equal_values) {
  auto a = with("a", "/signature/imphash", "same"), b = with("b", "/signature/imphash", "same");
  with("c", "/signature/imphash", "other");
  find();
  auto links = links_of(stage);
  ASSERT_EQ(links.size(), 2u);
  for (const Record& link : links) {
    EXPECT_EQ(link.descriptor.selector.path(), "/link/link_finder/signature-imphash");
    auto json = value_of(link);
    EXPECT_EQ(json["linkrole"], "symmetric");
    EXPECT_EQ(json["linktype"], "signature-imphash");
    bool is_of_a = link.descriptor.uuid == a.uuid;
    EXPECT_EQ(json["otherUUID"], (is_of_a ? b : a).uuid.str());
    EXPECT_EQ(json["otherlabel"], is_of_a ? "b" : "a");
  }
  EXPECT_NE(links[0].descriptor.uuid, links[1].descriptor.uuid) << "one in each uuid";
}

TEST_F(LinkFinder, links_only_within_one_type_path_and_domain) {
  with("a", "/md5_hash", "same");
  with("b", "/sha1_hash", "same");
  stage.close();
  auto other = stage.inject("c", "/binary/elf", "c", "other");
  stage.result(other, "/md5_hash", "same");
  find();
  EXPECT_EQ(links_of(stage).size(), 0u);
}

TEST_F(LinkFinder, links_neither_a_file_with_itself_nor_empty_values_nor_links_nor_graphs) {
  auto a = with("a", "/strings", ""), b = with("b", "/strings", "");
  stage.joint_result(a, b, "/md5_hash", "same");
  stage.result(a, "/md5_hash", "same");  // a second result of one file
  for (const auto& file : {a, b}) {
    stage.result(file, "/link/other/kind", "{}");
    stage.result(file, "/graph/dot/x", "digraph {}");
  }
  find();
  EXPECT_EQ(links_of(stage, "/link/link_finder").size(), 0u);
}

TEST_F(LinkFinder, is_given_everything_but_links) {
  for (const char* path : {"/l", "/li", "/lin", "/links", "/linked/x", "/lank/x", "/x/link/y"}) {
    with(std::string("a") + path, path, "same");
    with(std::string("b") + path, path, "same");
  }
  find();
  std::set<std::string> types;
  for (const Record& link : links_of(stage, "/link/link_finder"))
    types.insert(link.descriptor.selector.path().substr(18));
  EXPECT_EQ(types, (std::set<std::string>{"l", "li", "lin", "links", "linked-x", "lank-x", "x-link-y"}));
  auto status = stage.client()->status();
  EXPECT_EQ(status->consumers.at(0).consumer.outcomes[static_cast<size_t>(Outcome::kDone)], 28u)
      << "files, results";
}

TEST_F(LinkFinder, links_equal_bytes_that_were_injected_anew) {
  auto a = stage.inject("a", "/binary/elf", "elf");
  auto bus = stage.client();
  stage.close();
  Descriptor note = make_object(Domain(), "/submission", "n", Value::of("n"), "test", random_salt());
  auto submission = bus->open_submission(note, Lane::kNormal);
  ASSERT_TRUE(submission.ok());
  NewDescriptor again;
  again.descriptor = make_object(Domain(), "/binary/elf", "a", Value::of("elf"), "test", random_salt());
  again.origin = OriginClaim{{}, "a", 0, false};
  Descriptor copy = again.descriptor;
  ASSERT_TRUE(bus->push(std::move(again), *submission).ok());
  ASSERT_TRUE(bus->close_submission(*submission).ok());
  find();
  EXPECT_EQ(ends_of(links_of(stage)),
            (std::set<Pair>{{a.uuid.str(), copy.uuid.str()}, {copy.uuid.str(), a.uuid.str()}}));
}

TEST_F(LinkFinder, takes_what_it_is_told_to_take) {
  for (const char* name : {"a", "b"}) {
    auto file = with(name, "/md5_hash", "same");
    stage.result(file, "/signature/sha1", "same");
  }
  find({.options = {{"selector-prefix", {"/signature"}}}});
  auto links = links_of(stage);
  ASSERT_EQ(links.size(), 2u);
  EXPECT_EQ(links[0].descriptor.selector.path(), "/link/link_finder/signature-sha1");
  EXPECT_FALSE(declared("link_finder", {.options = {{"selector-prefix", {"md5"}}}}).ok());
}

TEST_F(LinkFinder, fails_visibly_where_a_type_path_is_too_long_to_name_a_link) {
  std::string path = "/" + std::string(1020, 'x');
  with("a", path, "same");
  auto late = with("b", path, "same");
  find();
  EXPECT_EQ(links_of(stage).size(), 0u);
  auto results = links_of(stage, path);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(stage.client()->marks(results[0].seq)->at(0).outcome, Outcome::kFailed);
}

// All pairs, by brute force.
std::set<std::set<std::string>> classes_of(const std::map<std::string, std::string>& values) {
  std::map<std::string, std::set<std::string>> classes;
  for (const auto& [uuid, value] : values) classes[value].insert(uuid);
  std::set<std::set<std::string>> large;
  for (const auto& [value, uuids] : classes) {
    if (uuids.size() > 1) large.insert(uuids);
  }
  return large;
}

// What hangs together by links.
std::set<std::set<std::string>> components_of(const std::set<Pair>& links) {
  std::map<std::string, std::string> leader;
  std::function<std::string(const std::string&)> of = [&](const std::string& node) {
    auto [it, is_new] = leader.try_emplace(node, node);
    return it->second == node ? node : of(it->second);
  };
  for (const auto& [a, b] : links) leader[of(a)] = of(b);
  std::map<std::string, std::set<std::string>> components;
  for (const auto& [node, next] : std::map(leader)) components[of(node)].insert(node);
  std::set<std::set<std::string>> all;
  for (const auto& [node, members] : components) all.insert(members);
  return all;
}

TEST(LinkFinderClasses, are_connected_by_as_few_links_as_possible_whoever_finds_them_when) {
  for (uint32_t seed = 1; seed <= 16 / REBUS_SCALE; seed++) {
    std::mt19937 random(seed);
    BusStage stage;
    std::map<std::string, std::string> values;
    for (int part = 0; part < 3; part++) {
      for (int i = 0; i < 40; i++) {
        std::string value = "v" + std::to_string(random() % 25);
        auto file = stage.inject(std::to_string(part * 100 + i), "/data", std::to_string(random()));
        stage.result(file, "/md5_hash", value);
        values[file.uuid.str()] = value;
      }
      stage.close();
      stage.consume(link_finder());  // a new instance each time, with nothing in its memory
    }
    auto links = ends_of(links_of(stage));
    auto classes = classes_of(values);
    size_t least = 0;
    for (const auto& members : classes) least += 2 * (members.size() - 1);
    EXPECT_EQ(components_of(links), classes) << "seed " << seed;
    EXPECT_EQ(links.size(), least) << "seed " << seed;
  }
}

TEST(LinkFinderClasses, have_the_same_links_when_everything_is_done_again) {
  BusStage stage;
  for (int i = 0; i < 20; i++) {
    stage.result(stage.inject(std::to_string(i), "/data", std::to_string(i)), "/md5_hash", "same");
  }
  stage.close();
  stage.consume(link_finder());
  auto before = links_of(stage);
  EXPECT_EQ(before.size(), 38u);
  stage.consume(link_finder(), {.options = {{"selector-prefix", {"/md5_hash"}}}});  // a consumer of its own
  EXPECT_EQ(links_of(stage).size(), before.size());
}

}  // namespace
}  // namespace rebus::link_finder_test
