// cluster: distances are those of the tools of others, versions cover everything, and the picture can be
// read.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "agents/parsers/tlsh_hash.h"
#include "agents/support/cluster_drawing.h"
#include "agents/support/ssdeep_worker.h"
#include "tests/support/any_bus.h"
#include "tests/support/bus_stage.h"

namespace rebus::cluster_test {
namespace {

using Json = nlohmann::json;
using Metrics = std::vector<std::unique_ptr<SignatureMetric>>;

void find_programs() {
  std::string path = std::getenv("PATH");
  setenv("PATH", (REBUS_BIN ":" + path).c_str(), 1);  // there rebus_ssdeep is
}

std::unique_ptr<SignatureMetric> metric(const std::string& type, const std::string& option = "",
                                        const std::string& number = "") {
  Options options;
  options.set("types", {type});
  if (!option.empty()) options.set(option, {number});
  auto metrics = signature_metrics(options, "cluster");
  EXPECT_TRUE(metrics.ok()) << metrics.error().message;
  return std::move((*metrics)[0]);
}

Uuid uuid(uint8_t number) {
  Uuid out;
  out.bytes[15] = number;
  return out;
}

SignedFile file(const std::string& label) { return {"/binary/elf/%" + std::string(64, 'a'), label}; }

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) count++;
  return count;
}

// A program of this machine and variants of it, in each of which some more bytes are others; by their names.
std::map<std::string, std::string> variants() {
  std::map<std::string, std::string> files;
  std::mt19937 random(11);
  for (const char* program : {"bash", "tar", "ls", "cat", "id"}) {
    std::string bytes = file_bytes(std::string("/usr/bin/") + program);
    for (size_t i = 0; i < 4; i++) {
      files[program + std::to_string(i)] = bytes;
      for (size_t change = 0; change < 3; change++) {
        size_t at = random() % (bytes.size() - 1000);
        for (size_t k = 0; k < 300; k++) bytes[at + k] = static_cast<char>(random());
      }
      bytes += std::string(i * 200, 'v');
    }
  }
  return files;
}

std::map<std::string, std::string> signatures_of(const std::map<std::string, std::string>& files,
                                                 const std::string& type) {
  std::map<std::string, std::string> signatures;
  SsdeepWorker worker;
  for (const auto& [name, bytes] : files) {
    auto hash = type == "ssdeep" ? worker.hash(Value::of(bytes)) : tlsh_hash(Value::of(bytes));
    EXPECT_TRUE(hash.ok());
    signatures[name] = *hash;
  }
  return signatures;
}

// --- pairs ---

std::vector<NearPair> random_pairs(uint32_t places, size_t count) {
  std::mt19937 random(5);
  std::set<std::pair<uint32_t, uint32_t>> ends;
  std::vector<NearPair> pairs;
  while (pairs.size() < count) {
    auto a = static_cast<uint32_t>(random() % places), b = static_cast<uint32_t>(random() % places);
    if (a < b && ends.emplace(a, b).second) pairs.push_back({static_cast<uint32_t>(random() % 20), a, b});
  }
  return pairs;
}

TEST(NearPairs, keep_a_chain_whole_and_the_nearest_others) {
  NearPairs near(5, 5);
  for (uint32_t i = 0; i < 4; i++) near.add({50, i, i + 1});
  near.add({60, 0, 2});
  near.add({55, 4, 2});
  auto kept = near.take();
  EXPECT_EQ(kept.forest.size(), 4u);
  EXPECT_EQ(kept.left_out, 1u);
  ASSERT_EQ(kept.pairs.size(), 5u);
  EXPECT_EQ(std::ranges::count(kept.pairs, NearPair{55, 2, 4}), 1);
}

TEST(NearPairs, are_the_same_in_whatever_order_and_parts_they_come) {
  auto pairs = random_pairs(40, 600);
  NearPairs at_once(40, 60);
  for (const NearPair& pair : pairs) at_once.add(pair);
  auto expected = at_once.take();
  EXPECT_EQ(expected.left_out, 540u);
  std::mt19937 random(9);
  for (int round = 0; round < 10; round++) {
    std::ranges::shuffle(pairs, random);
    NearPairs::Kept kept;
    for (size_t first = 0; first < pairs.size(); first += 100) {
      NearPairs near(40, 60);
      near.add_left_out(kept.left_out);
      for (const NearPair& pair : kept.pairs) near.add(pair);
      for (size_t i = first; i < first + 100; i++) near.add(pairs[i]);
      kept = near.take();
    }
    EXPECT_EQ(kept.pairs, expected.pairs);
    EXPECT_EQ(kept.forest, expected.forest);
    EXPECT_EQ(kept.left_out, expected.left_out);
  }
}

// --- distances ---

class SignatureDistance : public testing::Test {
 protected:
  void SetUp() override { find_programs(); }

  // "name name" of each pair, and its distance.
  using Distances = std::map<std::string, uint32_t>;
  static Distances distances(const SignatureMetric& by,
                             const std::map<std::string, std::string>& signatures) {
    std::vector<std::string> names, values;
    for (const auto& [name, value] : signatures) names.push_back(name), values.push_back(value);
    Distances found;
    auto use = [&](const NearPair& pair) {
      EXPECT_TRUE(found.emplace(names[pair.a] + " " + names[pair.b], pair.distance).second);
    };
    for (size_t first = 0; first < values.size(); first += 7) {
      auto compared = by.compare(values, first, std::min(first + 7, values.size()), use);
      EXPECT_TRUE(compared.ok()) << compared.error().message;
    }
    return found;
  }
  void write(const std::map<std::string, std::string>& files) const {
    for (const auto& [name, bytes] : files) folder.write("v/" + name, bytes);
  }

  ScratchFolder folder;
};

TEST_F(SignatureDistance, of_ssdeep_is_what_ssdeep_says) {
  auto files = variants();
  write(files);
  Distances expected;
  std::istringstream lines(folder.run("cd v && ssdeep -s -b -c -d * | tr -d '\"' | tr ',' ' '"));
  uint32_t score = 0;
  for (std::string one, other; lines >> one >> other >> score;)
    expected[std::min(one, other) + " " + std::max(one, other)] = 100 - score;
  EXPECT_GT(expected.size(), 15u);
  EXPECT_EQ(distances(*metric("ssdeep"), signatures_of(files, "ssdeep")), expected);
}

TEST_F(SignatureDistance, of_TLSH_is_what_tlsh_says) {
  auto files = variants();
  write(files);
  Distances expected;
  std::istringstream lines(folder.run("cd v && tlsh -xref -r . -T 70 2> /dev/null | sed 's/[.][/]//g'"));
  uint32_t distance = 0;
  for (std::string one, other; lines >> one >> other >> distance;)
    expected[std::min(one, other) + " " + std::max(one, other)] = distance;
  EXPECT_GT(expected.size(), 15u);
  EXPECT_EQ(distances(*metric("tlsh", "tlsh-distance", "70"), signatures_of(files, "tlsh")), expected);
}

TEST_F(SignatureDistance, at_the_threshold_is_near_and_above_it_is_not) {
  auto files = variants();
  auto tlsh = signatures_of(files, "tlsh"), ssdeep = signatures_of(files, "ssdeep");
  auto far = [](const Distances& all) {
    return std::ranges::max_element(all, {}, [](const auto& entry) { return entry.second; })->second;
  };
  uint32_t most = far(distances(*metric("tlsh"), tlsh));
  ASSERT_GT(most, 0u);
  EXPECT_EQ(far(distances(*metric("tlsh", "tlsh-distance", std::to_string(most)), tlsh)), most);
  EXPECT_LT(far(distances(*metric("tlsh", "tlsh-distance", std::to_string(most - 1)), tlsh)), most);
  most = far(distances(*metric("ssdeep"), ssdeep));
  EXPECT_EQ(far(distances(*metric("ssdeep", "ssdeep-score", std::to_string(100 - most)), ssdeep)), most);
  EXPECT_LT(far(distances(*metric("ssdeep", "ssdeep-score", std::to_string(101 - most)), ssdeep)), most);
}

TEST_F(SignatureDistance, takes_nothing_else_for_a_signature) {
  std::string hex(70, 'A'), part(64, 'b');
  for (const std::string& good : {"T1" + hex, hex}) EXPECT_TRUE(metric("tlsh")->is_signature(good));
  for (const std::string& bad : {std::string(), "T1" + hex + "A", "T2" + hex, "T1" + std::string(70, 'G'),
                                 "T1" + hex.substr(1), "T1" + hex + "\n"})
    EXPECT_FALSE(metric("tlsh")->is_signature(bad)) << bad;
  for (const std::string& good :
       {std::string("3::"), "96:" + part + ":" + part, std::string("3221225472:a/b+:Z")})
    EXPECT_TRUE(metric("ssdeep")->is_signature(good)) << good;
  for (const std::string& bad :
       {std::string(), std::string("3:a"), std::string("5:a:b"), std::string("0:a:b"), std::string("03:a:b"),
        std::string("-3:a:b"), std::string("6442450944:a:b"), std::string("36893488147419103232:a:b"),
        "3:" + part + "b:b", "3:b:" + part + "b", std::string("3:a:b\n3:a:b"), std::string("3:a:b,\"name\""),
        std::string("3:a:b:c"), std::string("3:a \x01:b"), std::string("3:a:b\0", 6)})
    EXPECT_FALSE(metric("ssdeep")->is_signature(bad)) << bad;
  EXPECT_TRUE(metric("imphash")->is_signature(std::string(32, 'f')));
  for (size_t digits : {0, 31, 33}) EXPECT_FALSE(metric("imphash")->is_signature(std::string(digits, 'f')));
  EXPECT_FALSE(metric("imphash")->is_signature(std::string(32, 'x')));
}

TEST_F(SignatureDistance, of_ssdeep_needs_its_program_and_says_so) {
  const std::string path = std::getenv("PATH");
  setenv("PATH", "/nowhere", 1);
  auto compared = metric("ssdeep")->compare({"3:a:b", "3:c:d"}, 1, 2, [](const NearPair&) {});
  setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(compared.ok());
  EXPECT_EQ(compared.error().code, Code::kUnavailable);
}

// --- the matrix ---

class Matrix : public SignatureDistance {
 protected:
  static Result<void> no_progress() { return {}; }
  static std::string compared(DistanceMatrix& matrix) {
    auto done = matrix.compare(no_progress);
    EXPECT_TRUE(done.ok()) << done.error().message;
    return matrix.json();
  }
};

TEST_F(Matrix, is_the_same_in_whatever_parts_and_order_files_come) {
  auto by = metric("tlsh", "tlsh-distance", "70");
  auto signatures = signatures_of(variants(), "tlsh");
  std::vector<std::pair<std::string, std::string>> files(signatures.begin(), signatures.end());
  files.push_back({"twin", files.front().second});
  files.push_back({"broken", "T1nonsense"});
  DistanceMatrix at_once(*by, 100);
  auto add = [&](DistanceMatrix& matrix, size_t i) {
    EXPECT_TRUE(matrix.add(files[i].second, Uuid::v5({}, files[i].first), file(files[i].first)));
  };
  for (size_t i = 0; i < files.size(); i++) add(at_once, i);
  std::string expected = compared(at_once);
  EXPECT_GT(at_once.pairs().pairs.size(), 15u);
  std::mt19937 random(3);
  for (size_t part : {1, 5, 13}) {
    std::ranges::shuffle(files, random);
    std::string json;
    for (size_t first = 0; first < files.size(); first += part) {
      DistanceMatrix matrix(*by, 100);
      EXPECT_TRUE(json.empty() || matrix.load(json).ok());
      for (size_t i = first; i < std::min(first + part, files.size()); i++) add(matrix, i);
      json = compared(matrix);
    }
    EXPECT_EQ(json, expected) << part;
  }
}

TEST_F(Matrix, compares_only_what_is_new) {
  struct Counting final : SignatureMetric {
    const char* type() const override { return "tlsh"; }
    uint32_t max_distance() const override { return 1; }
    bool is_signature(std::string_view text) const override { return !text.empty(); }
    Result<void> compare(const std::vector<std::string>&, size_t first, size_t last,
                         const Use&) const override {
      rows += last - first;
      return {};
    }
    mutable size_t rows = 0;
  } counting;
  DistanceMatrix first(counting, 100);
  for (uint8_t i = 0; i < 30; i++) first.add("s" + std::to_string(i), uuid(i), file("x"));
  std::string json = compared(first);
  EXPECT_EQ(counting.rows, 30u);
  DistanceMatrix second(counting, 100);
  ASSERT_TRUE(second.load(json).ok());
  second.add("s00", uuid(77), file("x"));
  compared(second);
  EXPECT_EQ(counting.rows, 31u);
}

TEST_F(Matrix, takes_so_many_files_at_most_and_counts_the_rest) {
  auto by = metric("imphash");
  DistanceMatrix matrix(*by, 3);
  std::string one(32, '1'), two(32, '2');
  EXPECT_TRUE(matrix.add(one, uuid(1), file("a")));
  EXPECT_TRUE(matrix.add(one, uuid(2), file("b")));
  EXPECT_TRUE(matrix.add("broken", uuid(3), file("c")));
  EXPECT_FALSE(matrix.add(two, uuid(4), file("d")));
  EXPECT_FALSE(matrix.add("broken", uuid(5), file("e")));
  EXPECT_TRUE(matrix.add(one, uuid(2), file("b"))) << "it is there";
  EXPECT_TRUE(matrix.add("broken", uuid(3), file("c"))) << "it is there";
  std::string json = compared(matrix);
  DistanceMatrix later(*by, 3);
  ASSERT_TRUE(*later.load(json));
  EXPECT_FALSE(later.add(two, uuid(6), file("f")));
  auto told = Json::parse(compared(later));
  EXPECT_EQ(told["files_left_out"], 3u);
  EXPECT_EQ(told["signatures"].size(), 1u) << "what is left out leaves no signature";
  EXPECT_EQ(told["unreadable"].size(), 1u);
}

TEST_F(Matrix, takes_the_same_label_whatever_came_first) {
  auto by = metric("imphash");
  std::string one(32, '1');
  auto with = [&](const std::vector<std::string>& labels) {
    DistanceMatrix matrix(*by, 3);
    for (const auto& label : labels) matrix.add(one, uuid(1), file(label));
    return compared(matrix);
  };
  EXPECT_EQ(with({"a", "b"}), with({"b", "a"}));
}

TEST_F(Matrix, keeps_so_many_pairs_at_most_and_counts_the_rest) {
  struct Alike final : SignatureMetric {
    const char* type() const override { return "tlsh"; }
    uint32_t max_distance() const override { return 1; }
    bool is_signature(std::string_view text) const override { return !text.empty(); }
    Result<void> compare(const std::vector<std::string>&, size_t first, size_t last,
                         const Use& use) const override {
      for (size_t i = first; i < last; i++) {
        for (size_t other = 0; other < i; other++)
          use({1, static_cast<uint32_t>(other), static_cast<uint32_t>(i)});
      }
      return {};
    }
  } alike;
  constexpr size_t kFew = 460, kPairs = kFew * (kFew - 1) / 2;
  auto add = [](DistanceMatrix& matrix, size_t number) {
    std::string name = "s" + std::to_string(number);
    matrix.add(name, Uuid::v5({}, name), file(name));
  };
  DistanceMatrix matrix(alike, 1000), later(alike, 1000);
  for (size_t i = 0; i < kFew; i++) add(matrix, i);
  std::string json = compared(matrix);
  EXPECT_EQ(matrix.pairs().pairs.size(), DistanceMatrix::kMaxPairs);
  EXPECT_EQ(matrix.pairs().left_out, kPairs - DistanceMatrix::kMaxPairs);
  ASSERT_TRUE(*later.load(json));
  add(later, kFew);
  compared(later);
  EXPECT_EQ(later.pairs().pairs.size(), DistanceMatrix::kMaxPairs);
  EXPECT_EQ(later.pairs().left_out, kPairs + kFew - DistanceMatrix::kMaxPairs);
  EXPECT_EQ(later.pairs().forest.size(), kFew);
}

TEST_F(Matrix, with_another_greatest_distance_is_not_gone_on_with) {
  auto near = metric("tlsh", "tlsh-distance", "30"), far = metric("tlsh", "tlsh-distance", "31");
  DistanceMatrix matrix(*near, 3);
  std::string json = compared(matrix);
  EXPECT_TRUE(*DistanceMatrix(*near, 3).load(json));
  EXPECT_FALSE(*DistanceMatrix(*far, 3).load(json));
}

TEST_F(Matrix, that_is_none_is_not_read) {
  auto by = metric("imphash");
  DistanceMatrix matrix(*by, 9);
  matrix.add(std::string(32, '1'), uuid(1), file("a"));
  matrix.add(std::string(32, '2'), uuid(2), file("b\xff\n"));
  std::string good = compared(matrix);
  ASSERT_TRUE(DistanceMatrix(*by, 9).load(good).ok());
  auto with = [&](const std::string& pointer, const Json& value) {
    Json json = Json::parse(good);
    json[Json::json_pointer(pointer)] = value;
    return DistanceMatrix(*by, 9).load(json.dump());
  };
  EXPECT_FALSE(DistanceMatrix(*by, 9).load("").ok());
  EXPECT_FALSE(DistanceMatrix(*by, 9).load("[]").ok());
  EXPECT_FALSE(with("/type", "tlsh").ok());
  EXPECT_FALSE(with("/max_distance", -1).ok());
  EXPECT_FALSE(with("/pairs", {{0, 2, 0}}).ok());
  EXPECT_FALSE(with("/pairs", {{1, 0, 0}}).ok());
  EXPECT_FALSE(with("/pairs", {{0, 1, 1}}).ok());
  EXPECT_FALSE(with("/pairs", {{0, 1}}).ok());
  EXPECT_TRUE(with("/pairs", Json::array({Json::array({0, 1, 0})})).ok());
  EXPECT_FALSE(with("/signatures/0/signature", "x").ok());
  EXPECT_FALSE(with("/signatures/0/signature", std::string(32, '2')).ok());
  EXPECT_FALSE(with("/signatures/0/files", Json::array()).ok());
  EXPECT_FALSE(with("/signatures/0/files/0/uuid", "x").ok());
  EXPECT_FALSE(with("/signatures/0/files/0/label", 1).ok());
}

// --- the graph ---

NearPairs::Kept kept_of(size_t places, const std::vector<NearPair>& pairs) {
  NearPairs near(places, 100'000);
  for (const NearPair& pair : pairs) near.add(pair);
  return near.take();
}

TEST(ClusterGraph, has_what_hangs_together_and_leaves_out_what_is_alone) {
  auto graph = ClusterGraph::of({1, 1, 3, 1, 1, 1}, kept_of(6, {{5, 3, 4}, {5, 0, 3}, {9, 0, 4}}));
  EXPECT_EQ(graph.clusters, 2u);
  EXPECT_EQ(graph.files, 6u) << "three of equal signatures, three that are near";
  ASSERT_EQ(graph.boxes.size(), 4u);
  ASSERT_EQ(graph.lines.size(), 3u);
  EXPECT_EQ(std::ranges::count(graph.lines, true, &ClusterGraph::Line::is_of_tree), 2);
  for (const auto& line : graph.lines) EXPECT_EQ(line.is_of_tree, line.distance == 5);
}

TEST(ClusterGraph, shows_of_a_large_cluster_what_is_around_its_middle) {
  std::vector<NearPair> star;
  for (uint32_t i = 0; i < 50; i++) star.push_back({i, i, 50});
  auto graph = ClusterGraph::of(std::vector<size_t>(51, 1), kept_of(51, star));
  ASSERT_EQ(graph.boxes.size(), ClusterGraph::kMaxOfCluster);
  EXPECT_EQ(graph.boxes[0].place, 50u);
  EXPECT_EQ(graph.boxes[0].left_out, 51 - ClusterGraph::kMaxOfCluster);
  EXPECT_EQ(graph.left_out, 51 - ClusterGraph::kMaxOfCluster);
  EXPECT_EQ(graph.lines.size(), ClusterGraph::kMaxOfCluster - 1) << "what is shown hangs together";
  for (const auto& line : graph.lines)
    EXPECT_LT(line.distance, ClusterGraph::kMaxOfCluster - 1) << "the nearest";
}

TEST(ClusterGraph, shows_the_largest_clusters_and_counts_the_rest) {
  std::vector<size_t> files(120, 2);
  files[119] = 9;
  auto graph = ClusterGraph::of(files, kept_of(120, {}));
  ASSERT_EQ(graph.boxes.size(), ClusterGraph::kMaxBoxes);
  EXPECT_EQ(graph.boxes[0].place, 119u);
  EXPECT_EQ(graph.clusters, 120u);
  EXPECT_EQ(graph.left_out, 40u);
}

// --- the agent ---

class Cluster : public testing::Test {
 protected:
  void SetUp() override { find_programs(); }

  void inject(const std::map<std::string, std::string>& imphashes, const std::string& type = "imphash") {
    for (const auto& [name, hash] : imphashes)
      stage.result(stage.inject(name, "/binary/elf", name), "/signature/" + type, hash);
    stage.close();
  }
  void cluster(std::map<std::string, std::vector<std::string>> options = {}) {
    stage.consume(*find_agent("cluster"), {.options = std::move(options)});
  }
  // By version.
  std::vector<Json> matrices(const std::string& type = "imphash") {
    std::vector<Json> all;
    for (const Record& record : made("/matrix/" + type)) all.push_back(Json::parse(text_of(record)));
    return all;
  }
  std::string newest_graph(const std::string& type = "imphash") {
    auto graphs = made("/graph/dot/cluster-" + type);
    return graphs.empty() ? "" : text_of(graphs.back());
  }
  // Oldest first; its versions count from 0.
  std::vector<Record> made(const std::string& path) {
    std::vector<Record> records;
    Find query;
    query.by = By::kPrefix;
    query.text = path;
    EXPECT_TRUE(client
                    ->for_each(query,
                               [&](Record& record) {
                                 EXPECT_EQ(record.descriptor.version, records.size());
                                 records.push_back(record);
                                 return true;
                               })
                    .ok());
    return records;
  }
  static std::string text_of(const Record& record) {
    auto text = record.descriptor.value.load(10 << 20);
    return text ? *text : text.error().message;
  }

  BusStage stage;
  std::unique_ptr<Bus> client = stage.client();
  const std::string one = std::string(32, '1'), two = std::string(32, '2');
};

TEST_F(Cluster, gives_a_matrix_and_a_graph_of_a_submission) {
  inject({{"a", one}, {"b", one}, {"c", two}, {"without", ""}});
  cluster();
  auto all = matrices();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0]["type"], "imphash");
  EXPECT_EQ(all[0]["signatures"].size(), 2u);
  EXPECT_EQ(all[0]["signatures"][0]["files"].size(), 2u);
  EXPECT_EQ(all[0]["unreadable"].size(), 0u) << "an empty text says that there is no signature";
  auto object = make_object({}, "/binary/elf", "c", Value::of("c"), "x");
  EXPECT_EQ(all[0]["signatures"][1]["files"][0],
            (Json{{"file", object.selector.str()}, {"label", "c"}, {"uuid", object.uuid.str()}}));
  std::string dot = newest_graph();
  EXPECT_NE(dot.find("1 cluster of 2 files by imphash"), std::string::npos) << dot;
  EXPECT_NE(dot.find("1 other file near to none"), std::string::npos);
  EXPECT_NE(dot.find("2 files with the same imphash"), std::string::npos);
  EXPECT_EQ(count_of(dot, "[label=\""), 1u) << "files that are alone have no box";
  EXPECT_TRUE(made("/matrix/tlsh").empty());
}

TEST_F(Cluster, gives_new_versions_that_cover_what_was_there_before) {
  inject({{"a", one}, {"b", two}});
  cluster();
  EXPECT_EQ(newest_graph(), "") << "nothing to draw";
  inject({{"c", one}});
  cluster();
  auto all = matrices();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1]["signatures"][0]["files"].size(), 2u);
  EXPECT_EQ(all[1]["signatures"].size(), 2u);
  auto newest = client->get({}, *Selector::parse("/matrix/imphash~-1"));
  ASSERT_TRUE(newest.ok());
  EXPECT_EQ(Json::parse(text_of(*newest)), all[1]);
  EXPECT_NE(newest_graph().find("1 cluster of 2 files"), std::string::npos);
}

TEST_F(Cluster, gives_no_new_version_when_nothing_is_new) {
  inject({{"a", one}, {"b", one}});
  cluster();
  inject({{"c", one}});
  cluster();
  ASSERT_TRUE(client->forget(client->status()->consumers.at(0).consumer.id).ok());
  cluster();
  EXPECT_EQ(matrices().size(), 2u) << "the first submission came again, and all of it was known";
  EXPECT_EQ(made("/graph/dot").size(), 2u);
}

TEST_F(Cluster, draws_the_same_names_whatever_came_first) {
  auto drawn = [&](const std::vector<std::string>& names) {
    BusStage bus;
    for (const auto& name : names)
      bus.result(bus.inject(name, "/binary/elf", "bytes"), "/signature/imphash", one);
    bus.result(bus.inject("other", "/binary/elf", "other"), "/signature/imphash", one);
    bus.close();
    bus.consume(*find_agent("cluster"));
    return text_of(*bus.client()->get({}, *Selector::parse("/graph/dot/cluster-imphash~0")));
  };
  EXPECT_EQ(drawn({"x", "y"}), drawn({"y", "x"}));
}

TEST_F(Cluster, gives_the_same_bytes_whatever_came_first) {
  inject({{"a", one}, {"b", one}, {"c", two}});
  cluster();
  std::string json = matrices()[0].dump(), dot = newest_graph();
  BusStage other;
  for (const char* name : {"c", "b", "a"}) {
    other.result(other.inject(name, "/binary/elf", name), "/signature/imphash", name[0] == 'c' ? two : one);
  }
  other.close();
  other.consume(*find_agent("cluster"));
  auto asked = other.client();
  EXPECT_EQ(Json::parse(text_of(*asked->get({}, *Selector::parse("/matrix/imphash~0")))).dump(), json);
  EXPECT_EQ(text_of(*asked->get({}, *Selector::parse("/graph/dot/cluster-imphash~0"))), dot);
}

TEST_F(Cluster, goes_on_from_its_own_with_the_same_options_only) {
  std::string tlsh = "T1" + std::string(70, 'A');
  inject({{"a", tlsh}}, "tlsh");
  cluster();
  stage.result(stage.inject("stranger", "/binary/elf", "s"), "/matrix/tlsh", "{}");
  stage.close();
  cluster({{"tlsh-distance", {"60"}}});
  inject({{"b", tlsh}}, "tlsh");
  cluster();
  std::vector<Json> own;
  Find query;
  query.by = By::kPrefix;
  query.text = "/matrix/tlsh";
  query.agent = "cluster";
  ASSERT_TRUE(client
                  ->for_each(query,
                             [&](Record& record) {
                               EXPECT_EQ(record.descriptor.version, own.size());
                               own.push_back(Json::parse(text_of(record)));
                               return true;
                             })
                  .ok());
  ASSERT_EQ(own.size(), 3u);
  EXPECT_EQ(own[1]["max_distance"], 60u);
  EXPECT_EQ(own[2]["max_distance"], 40u);
  EXPECT_EQ(own[2]["signatures"][0]["files"].size(), 2u);
}

TEST_F(Cluster, tells_what_is_no_signature) {
  inject({{"good", "3:abc:def"}, {"bad", "3:abc\n:def"}, {"long", std::string(100'000, 'x')}}, "ssdeep");
  cluster();
  auto all = matrices("ssdeep");
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0]["signatures"].size(), 1u);
  EXPECT_EQ(all[0]["unreadable"].size(), 2u);
  inject({{"twin", "3:abc:def"}}, "ssdeep");
  cluster();
  EXPECT_NE(newest_graph("ssdeep").find("2 files not compared: what there is of it is no signature"),
            std::string::npos);
}

TEST_F(Cluster, compares_so_many_files_and_leaves_a_limit_at_the_rest) {
  inject({{"a", one}, {"b", one}, {"c", one}, {"d", one}});
  cluster({{"limit", {"3"}}});
  EXPECT_EQ(matrices()[0]["files_left_out"], 1u);
  EXPECT_NE(newest_graph().find("1 file not compared: --limit was reached"), std::string::npos);
  auto limits = made("/limit/matrix");
  ASSERT_EQ(limits.size(), 1u);
  EXPECT_EQ(Json::parse(text_of(limits[0]))["files"], 1u);
  EXPECT_EQ(limits[0].descriptor.uuid.str().size(), 36u);
  EXPECT_NE(limits[0].object, 0u) << "it stands at a file, where it is found";
}

TEST_F(Cluster, lets_no_name_out_of_its_box) {
  inject({{"a\"];evil[label=\"b", one}, {"<b>&amp;\n\\N", one}});
  cluster();
  std::string dot = newest_graph();
  EXPECT_NE(dot.find(R"(a\"];evil[label=\"b)"), std::string::npos) << dot;
  EXPECT_NE(dot.find(R"(<b>&amp;amp;\\x0a\\\\N)"), std::string::npos) << dot;
  EXPECT_EQ(matrices()[0]["signatures"][0]["files"].size(), 2u);
}

TEST_F(Cluster, keeps_domains_apart) {
  inject({{"a", one}});
  auto other = stage.inject("b", "/binary/elf", "b", "other");
  stage.result(other, "/signature/imphash", one);
  stage.close();
  cluster();
  ASSERT_EQ(matrices().size(), 1u);
  auto matrix = client->get(other.domain, *Selector::parse("/matrix/imphash~0"));
  ASSERT_TRUE(matrix.ok());
  EXPECT_EQ(Json::parse(text_of(*matrix))["signatures"][0]["files"].size(), 1u);
}

TEST_F(Cluster, fails_on_a_submission_of_several_domains) {
  stage.result(stage.inject("a", "/binary/elf", "a"), "/signature/imphash", one);
  stage.result(stage.inject("b", "/binary/elf", "b", "other"), "/signature/imphash", one);
  stage.close();
  cluster();
  EXPECT_TRUE(matrices().empty());
  size_t failures = 0;
  ASSERT_TRUE(client->for_each_failure("cluster", [&](const FailedTask&) { return ++failures > 0; }).ok());
  EXPECT_EQ(failures, 2u);
}

TEST_F(Cluster, fails_rather_than_begin_anew_when_its_matrix_cannot_be_read) {
  inject({{"a", one}});
  cluster();
  struct Impostor final : Agent {
    Result<void> process(Work& work) override { return work.push("/matrix/imphash", "{", Kind::kText); }
  };
  const AgentSpec spec = {
      .name = "cluster",
      .prefixes = {"/signature"},
      .version = "2",
      .make = [](const Setting&) -> std::unique_ptr<Agent> { return std::make_unique<Impostor>(); }};
  inject({{"b", one}});
  stage.consume(spec);
  inject({{"c", one}});
  cluster();
  size_t failures = 0;
  ASSERT_TRUE(client
                  ->for_each_failure("cluster",
                                     [&](const FailedTask& task) {
                                       EXPECT_NE(task.mark.message.find("cannot be read"), std::string::npos);
                                       return ++failures > 0;
                                     })
                  .ok());
  EXPECT_EQ(failures, 1u);
}

TEST_F(Cluster, takes_signatures_only) {
  inject({{"a", one}, {"b", one}}, "imphash/other");
  cluster();
  EXPECT_TRUE(matrices().empty());
}

TEST(ClusterOptions, are_checked) {
  find_programs();
  EXPECT_TRUE(declared("cluster", {}).ok());
  for (const auto& [name, value] : std::map<std::string, std::vector<std::string>>{
           {"types", {"md5"}}, {"tlsh-distance", {"1001"}}, {"ssdeep-score", {"0"}}, {"limit", {"20001"}}}) {
    EXPECT_FALSE(declared("cluster", {.options = {{name, value}}}).ok()) << name;
  }
  for (const auto& [name, value] : std::map<std::string, std::vector<std::string>>{
           {"types", {"tlsh"}}, {"tlsh-distance", {"0"}}, {"ssdeep-score", {"100"}}, {"limit", {"20000"}}}) {
    EXPECT_TRUE(declared("cluster", {.options = {{name, value}}}).ok()) << name;
  }
}

// --- every bus ---

class ClusterOnEveryBus : public OnEveryBus {
 protected:
  void SetUp() override { find_programs(); }
};

TEST_P(ClusterOnEveryBus, covers_two_submissions_of_real_programs) {
  AnyBus bus(GetParam(), folder_);
  std::vector<std::string> first, second;
  for (const auto& [name, bytes] : variants())
    (name.ends_with("3") ? second : first).push_back(folder_.write(name, bytes));
  {
    RunningAgent signature(bus, agent("signature"), {}, out_), cluster(bus, agent("cluster"), {}, out_);
    RunningAgent(bus, agent("inject"), with_arguments(first), out_).wait();
    ASSERT_TRUE(join_client(bus)->wait_idle().ok());
  }
  RunningAgent signature(bus, agent("signature"), {}, out_), cluster(bus, agent("cluster"), {}, out_);
  Options inject = with_arguments(second);
  RunningAgent(bus, agent("inject"), inject, out_).wait();
  auto client = join_client(bus);
  ASSERT_TRUE(client->submission(out_.submission(), true).ok());
  for (const char* type : {"imphash", "ssdeep", "tlsh"}) {
    auto newest = client->get({}, *Selector::parse("/matrix/" + std::string(type) + "~-1"));
    ASSERT_TRUE(newest.ok()) << newest.error().message;
    EXPECT_EQ(newest->descriptor.version, 1u) << type;
    EXPECT_EQ(newest->submission, out_.submission());
    auto text = newest->descriptor.value.load(1 << 20);
    ASSERT_TRUE(text.ok());
    Json json = Json::parse(*text);
    size_t files = 0;
    for (const Json& each : json["signatures"]) files += each["files"].size();
    EXPECT_EQ(files, first.size() + second.size()) << type;
    EXPECT_TRUE(client->get({}, *Selector::parse("/graph/dot/cluster-" + std::string(type) + "~1")).ok());
  }
}

INSTANTIATE_TEST_SUITE_P(AllBuses, ClusterOnEveryBus, every_bus(), name_of_bus);

}  // namespace
}  // namespace rebus::cluster_test
