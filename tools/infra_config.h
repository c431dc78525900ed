// InfraConfig: what rebus_infra shall run.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/command_line.h"
#include "tools/yaml_tree.h"

namespace rebus {

enum class Restart { kNever, kOnFailure, kAlways };

// One agent of a stage.
struct AgentPlan {
  std::string name;                // unique: "hasher", a second one "hasher~2"
  AgentCall call;                  // as rebus_agent will understand it
  Hello hello;                     // what it will say to the master
  std::vector<std::string> words;  // of its command line, behind rebus_agent and the bus
  unsigned instances = 1;          // processes
  Restart restart = Restart::kOnFailure;
  std::vector<std::string> environment;  // "NAME=VALUE"
  std::string stdout_file;               // empty: that of rebus_infra

  bool is_one_shot() const {
    return call.spec->role == Role::kProducer || (call.spec->role == Role::kClient && !call.spec->stays);
  }
  bool is_consumer() const { return call.spec->role == Role::kConsumer; }
};

struct InfraConfig {
  // The command line of rebus_master; nothing: the agents join one that runs.
  std::optional<std::vector<std::string>> master;
  std::string store;        // of the master, if it is on disk
  std::string bus_address;  // where the agents find the master
  bool insecure_tcp = false;
  std::string sandbox;  // level of the agents; empty: the usual one
  std::vector<std::vector<AgentPlan>> stages;
};

// Reads and checks everything that can be known before anything is started: the master's and the agents'
// options by the parsers of rebus_master and rebus_agent. If `mistakes` is not empty, the configuration is of
// no use. `agents` are those that exist.
InfraConfig read_infra_config(std::string_view text, std::span<const AgentSpec* const> agents,
                              std::vector<Mistake>& mistakes);

// The words of rebus_agent for one agent of the configuration.
std::vector<std::string> agent_words(const InfraConfig& config, const AgentPlan& plan);

}  // namespace rebus
