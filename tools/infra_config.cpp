#include "tools/infra_config.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "bus/address.h"
#include "bus/runner.h"
#include "descriptor/escape.h"
#include "tools/instance.h"
#include "tools/master_options.h"
#include "tools/suggestion.h"
#include "tools/words.h"
#include "tools/yaml_map.h"

namespace rebus {
namespace {

using Kind = YamlNode::Kind;
using Words = std::vector<std::string>;

constexpr unsigned kMaxInstances = 256;  // of one agent
constexpr size_t kMaxProcesses = 1000;   // together

bool is_variable_name(const std::string& name) {
  auto is_allowed = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
         std::all_of(name.begin(), name.end(), is_allowed);
}

bool file_exists(const std::string& name) { return access(name.c_str(), F_OK) == 0; }

class ConfigReader {
 public:
  ConfigReader(std::span<const AgentSpec* const> agents, std::vector<Mistake>& mistakes)
      : agents_(agents), mistakes_(mistakes) {}
  InfraConfig read(const YamlNode& root);

 private:
  void read_master(const YamlMap& master);
  void add_master_address(const YamlMap& master, Words& words);
  void add_storage(const YamlMap& master, Words& words);
  void add_master_log(const YamlMap& master, Words& words);
  void check_master(const YamlMap& master, const Words& words);

  void read_agents(const YamlMap& agents);
  void read_agents_address(const YamlMap& agents);
  void check_reachable(const YamlNode& root);
  void check_modules(const YamlMap& agents);
  void read_sandbox(const YamlMap& agents);
  void read_stages(const YamlMap& agents);
  void read_stage(const YamlNode& node, const std::string& path);
  void read_agent(const YamlNode& node, const std::string& path);
  void read_agent_map(const YamlMap& map, AgentPlan& plan);
  void read_role_keys(const YamlMap& map, AgentPlan& plan);
  void read_environment(const YamlMap& map, AgentPlan& plan);
  void add_params(const YamlNode& call, const YamlNode* params, const std::string& path, AgentPlan& plan);
  Words read_params(const YamlNode* node, const std::string& path);
  void check_call(const YamlNode& node, const std::string& path, AgentPlan& plan);
  void add_agent(const YamlNode& node, const std::string& path, AgentPlan plan);

  std::optional<Address> read_address(const YamlMap& map, bool insecure_tcp);
  const AgentSpec* find_agent(const std::string& name) const;
  void complain(const YamlNode& node, const std::string& path, const std::string& what) {
    mistakes_.push_back({node.place, path, what});
  }

  std::span<const AgentSpec* const> agents_;
  std::vector<Mistake>& mistakes_;
  InfraConfig config_;
  std::optional<Address> master_address_;
  std::set<std::string> names_;
  size_t processes_ = 0;
};

InfraConfig ConfigReader::read(const YamlNode& root) {
  if (root.kind != Kind::kMap) {
    complain(root, "", must_be(Kind::kMap, root) + ", with the keys master and agents");
    return config_;
  }
  YamlMap map(root, "", mistakes_);
  map.check_keys({"master", "agents"});
  const YamlNode* master = map.find("master", Kind::kMap);
  const YamlNode* agents = map.find("agents", Kind::kMap);
  if (!map.find("master") && !map.find("agents")) complain(root, "", "names neither a master nor agents");
  if (master != nullptr) read_master(YamlMap(*master, "master", mistakes_));
  if (agents != nullptr) read_agents(YamlMap(*agents, "agents", mistakes_));
  check_reachable(root);
  return std::move(config_);
}

// --- the master ---

void ConfigReader::read_master(const YamlMap& master) {
  master.check_keys({"bus", "busaddr", "insecure_tcp", "storage", "storage_options", "profile", "logfile",
                     "verbose_level"});
  const size_t before = mistakes_.size();
  master.choice("bus", {"localbus", "local", "zmq"});
  Words words = {"rebus_master"};
  add_master_address(master, words);
  add_storage(master, words);
  if (auto profile = master.choice("profile", {"server", "local", "strict"})) {
    words.insert(words.end(), {"--profile", *profile});
  }
  add_master_log(master, words);
  if (mistakes_.size() == before) check_master(master, words);
  config_.master = std::move(words);
}

void ConfigReader::add_master_address(const YamlMap& master, Words& words) {
  config_.insecure_tcp = master.flag("insecure_tcp");
  if (config_.insecure_tcp) words.push_back("--insecure-tcp");
  master_address_ = read_address(master, config_.insecure_tcp);
  if (master_address_) words.insert(words.end(), {"--busaddr", master_address_->str()});
}

void ConfigReader::add_storage(const YamlMap& master, Words& words) {
  auto kind = master.choice("storage", {"rocksdb", "diskstorage", "ram", "ramstorage"});
  if (kind) words.insert(words.end(), {"--storage", *kind});
  const YamlNode* options = master.find("storage_options", Kind::kMap);
  if (options == nullptr) return;
  YamlMap map(*options, master.path_of("storage_options"), mistakes_);
  map.check_keys({"path"});
  auto path = map.absolute_path("path");
  if (path && kind && kind->starts_with("ram")) map.complain("path", "needs storage: rocksdb");
  if (path) words.insert(words.end(), {"--path", *path});
}

void ConfigReader::add_master_log(const YamlMap& master, Words& words) {
  if (auto file = master.absolute_path("logfile")) words.insert(words.end(), {"--logfile", *file});
  auto level = master.count("verbose_level", 0, 2);
  if (level == 0u) words.push_back("--quiet");
  if (level == 2u) words.push_back("--verbose");
}

// By its own parser, which also knows the usual address and store.
void ConfigReader::check_master(const YamlMap& master, const Words& words) {
  std::vector<const char*> pointers;
  for (const auto& word : words) pointers.push_back(word.c_str());
  auto read = read_master_options(static_cast<int>(pointers.size()), pointers.data(), "");
  if (const auto* early = std::get_if<EarlyEnd>(&read)) {
    master.complain("", early->text.substr(0, early->text.find('\n')));
    return;
  }
  const auto& setting = std::get<MasterSetting>(read);
  master_address_ = setting.address;
  if (setting.storage.kind != "ram") config_.store = setting.storage.path;
}

// --- addresses ---

std::optional<Address> ConfigReader::read_address(const YamlMap& map, bool insecure_tcp) {
  auto text = map.text("busaddr");
  if (!text) return {};
  auto address = Address::parse(*text);
  if (!address) {
    map.complain("busaddr", address.error().message);
    return {};
  }
  if (address->is_tcp() && !insecure_tcp) {
    map.complain("busaddr", address->str() +
                                " would be neither encrypted nor authenticated: use ipc:///PATH, or say "
                                "insecure_tcp: true beside it if that is what you want");
  }
  return *address;
}

void ConfigReader::read_agents_address(const YamlMap& agents) {
  config_.insecure_tcp |= agents.flag("insecure_tcp");
  auto own = read_address(agents, config_.insecure_tcp);
  bool is_other_bus = own && master_address_ && !(own->is_tcp() && master_address_->is_tcp()) &&
                      own->str() != master_address_->str();
  if (is_other_bus) {
    agents.complain("busaddr", "is not where the master of this file listens: " + master_address_->str());
  }
  auto address = own ? own : master_address_;
  if (!address && !config_.master && !agents.find("busaddr")) {
    auto usual = Address::usual();
    if (usual) address = *usual;
    if (!usual) agents.complain("busaddr", usual.error().message);
  }
  if (address) config_.bus_address = address->str();
}

// The launcher itself joins the bus, too.
void ConfigReader::check_reachable(const YamlNode& root) {
  if (config_.bus_address.empty() && master_address_) config_.bus_address = master_address_->str();
  bool is_tcp = config_.bus_address.starts_with("tcp://");
  if (!is_tcp || config_.bus_address.find('*') == std::string::npos) return;
  complain(root, "agents.busaddr",
           "must say where agents connect to: " + config_.bus_address + " is for listening only");
}

// --- the agents ---

void ConfigReader::read_agents(const YamlMap& agents) {
  agents.check_keys({"busaddr", "insecure_tcp", "modules", "sandbox", "stages"});
  read_agents_address(agents);
  read_sandbox(agents);
  check_modules(agents);
  read_stages(agents);
}

void ConfigReader::read_sandbox(const YamlMap& agents) {
  auto name = agents.text("sandbox");
  if (!name) return;
  auto level = sandbox_level_named(*name);
  if (!level) return agents.complain("sandbox", level.error().message);
  config_.sandbox = *name;
}

void ConfigReader::check_modules(const YamlMap& agents) {
  const YamlNode* node = agents.find("modules");
  if (node == nullptr) return;
  if (node->kind == Kind::kMap) return agents.complain("modules", "must be a name or a list of names");
  auto known = known_modules();
  const std::vector<std::string> names(known.begin(), known.end());
  const std::vector<YamlNode> one = {*node};
  for (const YamlNode& module : node->kind == Kind::kList ? node->children : one) {
    if (std::find(names.begin(), names.end(), module.text) != names.end()) continue;
    complain(module, agents.path_of("modules"),
             "no module '" + escape(module.text) + "': modules cannot be loaded yet" +
                 did_you_mean(module.text, names));
  }
}

void ConfigReader::read_stages(const YamlMap& agents) {
  const YamlNode* stages = agents.find("stages", Kind::kList);
  if (stages == nullptr) {
    if (!agents.find("stages")) agents.complain("stages", "is missing: a list of stages");
    return;
  }
  if (stages->children.empty()) agents.complain("stages", "names no stage");
  for (size_t i = 0; i < stages->children.size(); i++) {
    read_stage(stages->children[i], agents.path_of("stages") + "[" + std::to_string(i) + "]");
  }
}

void ConfigReader::read_stage(const YamlNode& node, const std::string& path) {
  if (node.kind != Kind::kMap) return complain(node, path, must_be(Kind::kMap, node) + ": agents: [...]");
  YamlMap map(node, path, mistakes_);
  map.check_keys({"agents"});
  config_.stages.emplace_back();
  const YamlNode* list = map.find("agents", Kind::kList);
  if (list == nullptr || list->children.empty()) {
    if (list != nullptr || !map.find("agents")) map.complain("agents", "names no agent");
    return;
  }
  for (size_t i = 0; i < list->children.size(); i++) {
    read_agent(list->children[i], map.path_of("agents") + "[" + std::to_string(i) + "]");
  }
}

// NAME, NAME: "words", or NAME: {…}.
void ConfigReader::read_agent(const YamlNode& node, const std::string& path) {
  bool is_call = node.kind == Kind::kMap && node.children.size() == 1;
  if (node.kind != Kind::kText && !is_call) {
    return complain(node, path, "must be NAME, NAME: \"its words\", or NAME: {params: …}");
  }
  const YamlNode& call = is_call ? node.children[0] : node;
  const std::string& name = is_call ? call.key : node.text;
  const std::string call_path = path + "." + escape(name);
  AgentPlan plan;
  plan.call.spec = find_agent(name);
  if (plan.call.spec == nullptr) {
    std::vector<std::string> names;
    for (const auto* spec : agents_) names.push_back(spec->name);
    mistakes_.push_back({is_call ? call.key_place : node.place, call_path,
                         "no agent '" + escape(name) + "'" + did_you_mean(name, names) +
                             " (`rebus_agent --list-agents` lists all)"});
    return;
  }
  if (call.kind == Kind::kMap) {
    read_agent_map(YamlMap(call, call_path, mistakes_), plan);
  } else {
    plan.words = {"--domain", "default", name};
    add_params(call, is_call ? &call : nullptr, call_path, plan);
  }
  add_agent(call, call_path, std::move(plan));
}

const AgentSpec* ConfigReader::find_agent(const std::string& name) const {
  auto found =
      std::find_if(agents_.begin(), agents_.end(), [&](auto* spec) { return spec->is_called(name); });
  return found == agents_.end() ? nullptr : *found;
}

void ConfigReader::read_agent_map(const YamlMap& map, AgentPlan& plan) {
  map.check_keys(
      {"params", "verbose_level", "domain", "instances", "jobs", "environment", "restart", "stdout"});
  auto domain = map.text("domain").value_or("default");
  if (auto parsed = Domain::parse(domain); !parsed) {
    map.complain("domain", parsed.error().message);
    domain = "default";
  }
  plan.words = {"--domain", domain};
  for (unsigned i = map.count("verbose_level", 0, 2).value_or(0); i > 0; i--)
    plan.words.push_back("--verbose");
  plan.words.push_back(plan.call.spec->name);
  read_role_keys(map, plan);
  add_params(map.node(), map.find("params"), map.path_of("params"), plan);
  read_environment(map, plan);
  plan.stdout_file = map.absolute_path("stdout").value_or("");
}

// Keys that make no sense for every agent.
void ConfigReader::read_role_keys(const YamlMap& map, AgentPlan& plan) {
  const std::string& name = plan.call.spec->name;
  plan.instances = map.count("instances", 1, kMaxInstances).value_or(1);
  auto jobs = map.count("jobs", 1, kMaxInstances);
  if (jobs) plan.words.insert(plan.words.end(), {"--jobs", std::to_string(*jobs)});
  const std::string why = name + " takes no work from a queue: a second one would do the same again";
  if (plan.instances > 1 && !plan.is_consumer()) map.complain("instances", why);
  if (jobs.value_or(1) > 1 && !plan.is_consumer()) map.complain("jobs", why);
  auto restart = map.choice("restart", {"always", "on-failure", "never"});
  if (restart == "never") plan.restart = Restart::kNever;
  if (restart == "always") plan.restart = Restart::kAlways;
  if (restart == "always" && plan.is_one_shot()) {
    map.complain("restart", name + " ends by itself when it is done: it would be run for ever");
  }
}

void ConfigReader::read_environment(const YamlMap& map, AgentPlan& plan) {
  const YamlNode* environment = map.find("environment", Kind::kMap);
  if (environment == nullptr) return;
  for (const YamlNode& variable : environment->children) {
    const std::string path = map.path_of("environment") + "." + escape(variable.key);
    if (!is_variable_name(variable.key)) complain(variable, path, "is no name of a variable");
    if (variable.kind != Kind::kText) complain(variable, path, must_be(Kind::kText, variable));
    plan.environment.push_back(variable.key + "=" + variable.text);
  }
}

// A line is split as a shell would; of a list each is one word.
Words ConfigReader::read_params(const YamlNode* node, const std::string& path) {
  if (node == nullptr || node->kind == Kind::kNothing) return {};
  if (node->kind == Kind::kText) {
    auto words = split_words(node->text);
    if (words) return *words;
    complain(*node, path, words.error().message);
    return {};
  }
  if (node->kind == Kind::kMap) complain(*node, path, "must be a line or a list of words, and is a map");
  Words words;
  for (const YamlNode& word : node->children) {
    if (word.kind != Kind::kText) complain(word, path, "each word " + must_be(Kind::kText, word));
    words.push_back(word.text);
  }
  return words;
}

void ConfigReader::add_params(const YamlNode& call, const YamlNode* params, const std::string& path,
                              AgentPlan& plan) {
  const size_t before = mistakes_.size();
  const Words words = read_params(params, path);
  plan.words.insert(plan.words.end(), words.begin(), words.end());
  if (mistakes_.size() == before) check_call(params == nullptr ? call : *params, path, plan);
}

// By the parser of rebus_agent, so that nothing is refused only when it is started.
void ConfigReader::check_call(const YamlNode& node, const std::string& path, AgentPlan& plan) {
  auto line = parse_command_line(agent_words(config_, plan), agents_, file_exists);
  if (!line) return complain(node, path, line.error().message);
  bool is_one = line->action == Action::kRun && line->stages.size() == 1 && line->stages[0].size() == 1;
  if (!is_one) return complain(node, path, "its words ask for a page, or name another agent or stage");
  plan.call = line->stages[0][0];
  auto hello = hello_of(plan.call, line->globals);
  if (!hello) return complain(node, path, hello.error().message);
  plan.hello = *hello;
}

void ConfigReader::add_agent(const YamlNode& node, const std::string& path, AgentPlan plan) {
  processes_ += plan.instances;
  if (processes_ > kMaxProcesses) {
    if (processes_ - plan.instances <= kMaxProcesses) complain(node, path, "more than 1000 processes");
    return;
  }
  plan.name = plan.call.spec->name;
  for (int n = 2; !names_.insert(plan.name).second; n++) {
    plan.name = plan.call.spec->name + "~" + std::to_string(n);
  }
  config_.stages.back().push_back(std::move(plan));
}

}  // namespace

InfraConfig read_infra_config(std::string_view text, std::span<const AgentSpec* const> agents,
                              std::vector<Mistake>& mistakes) {
  auto root = parse_yaml(text, mistakes);
  InfraConfig config = root ? ConfigReader(agents, mistakes).read(*root) : InfraConfig{};
  std::stable_sort(mistakes.begin(), mistakes.end(), [](const Mistake& a, const Mistake& b) {
    return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
  });
  return config;
}

Words agent_words(const InfraConfig& config, const AgentPlan& plan) {
  Words words;
  if (!config.bus_address.empty()) words = {"--busaddr", config.bus_address};
  if (config.insecure_tcp) words.push_back("--insecure-tcp");
  if (!config.sandbox.empty()) words.insert(words.end(), {"--sandbox", config.sandbox});
  words.insert(words.end(), plan.words.begin(), plan.words.end());
  return words;
}

}  // namespace rebus
