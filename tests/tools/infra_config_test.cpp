#include "tools/infra_config.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace rebus::infra_config_test {
namespace {

using Words = std::vector<std::string>;

struct Read {
  InfraConfig config;
  std::vector<Mistake> mistakes;
};

Read read(const std::string& text) {
  Read result;
  result.config = read_infra_config(text, all_agents(), result.mistakes);
  return result;
}

std::string told(const std::vector<Mistake>& mistakes) {
  std::string text;
  for (const Mistake& mistake : mistakes) {
    text += std::to_string(mistake.place.line) + ":" + std::to_string(mistake.place.column) + ": " +
            mistake.key + ": " + mistake.what + "\n";
  }
  return text;
}

constexpr const char* kMaster = "master: {busaddr: 'ipc:///run/x/bus', storage: ram}\n";

// One agent in one stage; it begins in line 5, column 9.
std::string with_agent(const std::string& agent) {
  return std::string(kMaster) + "agents:\n  stages:\n  - agents:\n      - " + agent + "\n";
}

TEST(InfraConfig, HasAllThatItsFileSays) {
  auto [config, mistakes] = read(R"(
master:
  bus: zmq
  busaddr: ipc:///run/x/bus
  storage: diskstorage
  storage_options: {path: /srv/store}
  profile: strict
  logfile: /var/log/master
  verbose_level: 2
agents:
  busaddr: ipc:///run/x/bus
  modules: [rebus_demo.agents, bnew.agents]
  stages:
  - agents:
      - unarchive
      - hasher: "--algorithms md5,sha256"
      - hasher:
          params: [--selector-prefix, /]
          domain: lab
          verbose_level: 2
          instances: 3
          jobs: 2
          environment: {TMPDIR: /var/tmp, LEVEL: 1}
          restart: always
          stdout: /srv/out
  - agents: [inject: {params: "'a b' c", restart: never}]
)");
  ASSERT_EQ(told(mistakes), "");
  EXPECT_EQ(*config.master,
            (Words{"rebus_master", "--busaddr", "ipc:///run/x/bus", "--storage", "diskstorage", "--path",
                   "/srv/store", "--profile", "strict", "--logfile", "/var/log/master", "--verbose"}));
  EXPECT_EQ(config.store, "/srv/store");
  ASSERT_EQ(config.stages.size(), 2u);
  ASSERT_EQ(config.stages[0].size(), 3u);
  EXPECT_EQ(agent_words(config, config.stages[0][0]),
            (Words{"--busaddr", "ipc:///run/x/bus", "--domain", "default", "unarchive"}));
  const AgentPlan& second = config.stages[0][2];
  EXPECT_EQ(second.name, "hasher~2");
  EXPECT_EQ(second.words, (Words{"--domain", "lab", "--verbose", "--verbose", "hasher", "--jobs", "2",
                                 "--selector-prefix", "/"}));
  EXPECT_EQ(second.instances, 3u);
  EXPECT_EQ(second.call.jobs, 2u);
  EXPECT_EQ(second.hello.domain.str(), "lab");
  EXPECT_EQ(second.environment, (Words{"TMPDIR=/var/tmp", "LEVEL=1"}));
  EXPECT_EQ(second.restart, Restart::kAlways);
  EXPECT_EQ(second.stdout_file, "/srv/out");
  const AgentPlan& inject = config.stages[1][0];
  EXPECT_EQ(inject.words, (Words{"--domain", "default", "inject", "a b", "c"}));
  EXPECT_EQ(inject.restart, Restart::kNever);
}

TEST(InfraConfig, MayHaveOnlyAMasterOrOnlyAgents) {
  auto only_master = read(kMaster);
  EXPECT_EQ(told(only_master.mistakes), "");
  EXPECT_EQ(only_master.config.bus_address, "ipc:///run/x/bus");
  EXPECT_TRUE(only_master.config.stages.empty());
  auto only_agents = read("agents: {busaddr: 'ipc:///b', stages: [{agents: [hasher]}]}");
  EXPECT_EQ(told(only_agents.mistakes), "");
  EXPECT_FALSE(only_agents.config.master);
  EXPECT_EQ(only_agents.config.bus_address, "ipc:///b");
}

TEST(InfraConfig, AllowsTcpThatIsCalledInsecure) {
  auto [config, mistakes] = read(
      "master: {busaddr: 'tcp://0.0.0.0:5600', insecure_tcp: true, storage: ram}\n"
      "agents: {busaddr: 'tcp://127.0.0.1:5600', stages: [{agents: [hasher]}]}");
  EXPECT_EQ(told(mistakes), "");
  EXPECT_EQ(agent_words(config, config.stages[0][0])[2], "--insecure-tcp");
}

struct Wrong {
  std::string text;
  int line, column;
  const char* key;
  const char* what;  // a part of it
};

class WrongConfig : public testing::TestWithParam<Wrong> {};

TEST_P(WrongConfig, IsToldWithPlaceAndKey) {
  const Wrong& wrong = GetParam();
  auto mistakes = read(wrong.text).mistakes;
  ASSERT_EQ(mistakes.size(), 1u) << told(mistakes);
  EXPECT_EQ(mistakes[0].place.line, wrong.line) << told(mistakes);
  EXPECT_EQ(mistakes[0].place.column, wrong.column) << told(mistakes);
  EXPECT_EQ(mistakes[0].key, wrong.key);
  EXPECT_NE(mistakes[0].what.find(wrong.what), std::string::npos) << told(mistakes);
}

constexpr const char* kAgent = "agents.stages[0].agents[0].";
std::string key_in_agent(const char* rest) { return std::string(kAgent) + rest; }

const std::vector<Wrong>& wrong_masters() {
  static const std::vector<Wrong> kWrong = {
      {"[a]", 1, 1, "", "must be a map, and is a list"},
      {"{}", 1, 1, "", "neither a master nor agents"},
      {"mastr: {}\n" + std::string(kMaster), 1, 1, "mastr", "did you mean master?"},
      {"master: ram", 1, 9, "master", "must be a map, and is a single value"},
      {"master:\n  storage: ram\n  storge: ram", 3, 3, "master.storge", "did you mean storage?"},
      {"master: {qqqqqqqqqqqq: ram}", 1, 10, "master.qqqqqqqqqqqq", "known are bus, busaddr"},
      {"master: {bus: dbus}", 1, 15, "master.bus", "none of localbus, local, zmq"},
      {"master: {busaddr: carrier-pigeon}", 1, 19, "master.busaddr", "no bus address"},
      {"master: {busaddr: [a]}", 1, 19, "master.busaddr", "must be a single value, and is a list"},
      {"master: {busaddr: 'tcp://127.0.0.1:5600'}", 1, 19, "master.busaddr", "insecure_tcp: true"},
      {"master: {busaddr: 'tcp://*:5600', storage: ram, insecure_tcp: true}", 1, 1, "agents.busaddr",
       "connect"},
      {"master: {insecure_tcp: yes, storage: ram, busaddr: 'ipc:///b'}", 1, 24, "master.insecure_tcp",
       "true or false"},
      {"master: {storage: tape}", 1, 19, "master.storage", "none of rocksdb"},
      {"master: {storage_options: {path: store}}", 1, 34, "master.storage_options.path", "relative"},
      {"master: {storage_options: {size: 1}}", 1, 28, "master.storage_options.size", "known are path"},
      {"master: {storage: ram, storage_options: {path: /x}}", 1, 48, "master.storage_options.path", "needs"},
      {"master: {storage: ram, logfile: log}", 1, 33, "master.logfile", "relative"},
      {"master: {storage: ram, logfile: ''}", 1, 33, "master.logfile", "is empty"},
      {"master: {storage: ram, verbose_level: 3}", 1, 39, "master.verbose_level", "from 0 to 2"},
      {"master: {storage: ram, verbose_level: much}", 1, 39, "master.verbose_level", "from 0 to 2"},
      {"master: {storage: ram, profile: generous}", 1, 33, "master.profile", "none of server"},
      {std::string(kMaster) + kMaster, 2, 1, "master", "stands twice; first in line 1"},
      {std::string(kMaster) + "agents: {busaddr: 'ipc:///other', stages: [{agents: [hasher]}]}", 2, 19,
       "agents.busaddr", "not where the master"},
      {std::string(kMaster) + "agents: {sandbox: full, stages: [{agents: [hasher]}]}", 2, 19,
       "agents.sandbox", "no sandbox level"},
      {std::string(kMaster) + "agents: {}", 2, 9, "agents.stages", "is missing"},
      {std::string(kMaster) + "agents: {stages: {}}", 2, 18, "agents.stages", "must be a list"},
      {std::string(kMaster) + "agents: {stages: [hasher]}", 2, 19, "agents.stages[0]", "must be a map"},
      {std::string(kMaster) + "agents: {stages: [{agent: x, agents: [hasher]}]}", 2, 20,
       "agents.stages[0].agent", "did you mean agents?"},
      {std::string(kMaster) + "agents: {stages: [{agents: []}]}", 2, 28, "agents.stages[0].agents",
       "no agent"},
      {std::string(kMaster) + "agents: {stages: []}", 2, 18, "agents.stages", "names no stage"},
      {std::string(kMaster) + "agents: {modules: my.agents, stages: [{agents: [hasher]}]}", 2, 19,
       "agents.modules", "cannot be loaded yet"},
  };
  return kWrong;
}

const std::vector<Wrong>& wrong_agents() {
  static const std::string kHasher = key_in_agent("hasher"), kInject = key_in_agent("inject");
  static const std::vector<std::string> kKeys = {
      kHasher + ".params",        kHasher + ".restart",         kHasher + ".instances",
      kHasher + ".domain",        kHasher + ".environment.A B", kHasher + ".stdout",
      kInject + ".instances",     kInject + ".restart",         kInject + ".jobs",
      kHasher + ".paramz",        key_in_agent("hashr"),        key_in_agent("ls"),
      kHasher + ".environment.A", "agents.stages[0].agents[0]"};
  static const std::vector<Wrong> kWrong = {
      {with_agent("[hasher]"), 5, 9, kKeys[13].c_str(), "must be NAME"},
      {with_agent("{hasher: , inject: x}"), 5, 9, kKeys[13].c_str(), "must be NAME"},
      {with_agent("hashr"), 5, 9, kKeys[10].c_str(), "did you mean hasher?"},
      {with_agent("hashr: {params: x}"), 5, 9, kKeys[10].c_str(), "did you mean hasher?"},
      {with_agent("hasher: --algorithm md5"), 5, 17, kHasher.c_str(), "did you mean --algorithms?"},
      {with_agent("hasher: --algorithms md6"), 5, 17, kHasher.c_str(), "no algorithm 'md6'"},
      {with_agent("hasher: {params: [--algorithms]}"), 5, 26, kKeys[0].c_str(), "needs a value"},
      {with_agent("hasher: {params: [[x]]}"), 5, 27, kKeys[0].c_str(), "each word must be a single value"},
      {with_agent("hasher: {params: {x: y}}"), 5, 26, kKeys[0].c_str(), "a line or a list of words"},
      {with_agent("hasher: \"'a\""), 5, 17, kHasher.c_str(), "not closed"},
      {with_agent("hasher: --help"), 5, 17, kHasher.c_str(), "ask for a page"},
      {with_agent("hasher: unarchive"), 5, 17, kHasher.c_str(), "name another agent"},
      {with_agent("ls: 'a :: tree'"), 5, 13, kKeys[11].c_str(), "another agent or stage"},
      {with_agent("inject"), 5, 9, kInject.c_str(), "needs files"},
      {with_agent("inject: {params: x, instances: 2}"), 5, 40, kKeys[6].c_str(), "the same again"},
      {with_agent("inject: {params: x, jobs: 2}"), 5, 35, kKeys[8].c_str(), "the same again"},
      {with_agent("inject: {params: x, restart: always}"), 5, 38, kKeys[7].c_str(), "ends by itself"},
      {with_agent("hasher: {restart: sometimes}"), 5, 27, kKeys[1].c_str(), "always, on-failure, never"},
      {with_agent("hasher: {instances: 0}"), 5, 29, kKeys[2].c_str(), "from 1 to 256"},
      {with_agent("hasher: {instances: 1000}"), 5, 29, kKeys[2].c_str(), "from 1 to 256"},
      {with_agent("hasher: {domain: a b}"), 5, 26, kKeys[3].c_str(), "not a domain"},
      {with_agent("hasher: {environment: {A B: c}}"), 5, 37, kKeys[4].c_str(), "no name of a variable"},
      {with_agent("hasher: {environment: {A: [c]}}"), 5, 35, kKeys[12].c_str(), "must be a single value"},
      {with_agent("hasher: {stdout: out}"), 5, 26, kKeys[5].c_str(), "relative"},
      {with_agent("hasher: {paramz: out}"), 5, 18, kKeys[9].c_str(), "did you mean params?"},
  };
  return kWrong;
}

INSTANTIATE_TEST_SUITE_P(Masters, WrongConfig, testing::ValuesIn(wrong_masters()));
INSTANTIATE_TEST_SUITE_P(Agents, WrongConfig, testing::ValuesIn(wrong_agents()));

TEST(InfraConfig, TellsAllMistakesAtOnceInTheOrderOfTheFile) {
  auto mistakes = read(R"(agents:
  stages:
  - agents:
      - hashr
      - hasher: {params: --nope, restrat: always}
master: {storage: tape, verbose_level: x}
)")
                      .mistakes;
  std::vector<int> lines;
  for (const Mistake& mistake : mistakes) lines.push_back(mistake.place.line);
  EXPECT_EQ(lines, (std::vector<int>{4, 5, 5, 6, 6})) << told(mistakes);
}

TEST(InfraConfig, NamesOfHostileKeysAreEscaped) {
  std::string what = told(read("\"\\x1b[2J\": 1\n" + std::string(kMaster)).mistakes);
  EXPECT_EQ(what.find('\x1b'), std::string::npos);
  EXPECT_NE(what.find("\\x1b[2J"), std::string::npos) << what;
}

TEST(InfraConfig, HasAtMostAThousandProcesses) {
  std::string text = std::string(kMaster) + "agents: {stages: [{agents: [hasher: {instances: 250}";
  for (int i = 1; i < 4; i++) text += ", hasher: {instances: 250}";
  EXPECT_EQ(told(read(text + "]}]}").mistakes), "");
  auto mistakes = read(text + ", hasher, hasher, hasher]}]}").mistakes;
  ASSERT_EQ(mistakes.size(), 1u) << told(mistakes);
  EXPECT_NE(mistakes[0].what.find("1000 processes"), std::string::npos);
}

}  // namespace
}  // namespace rebus::infra_config_test
