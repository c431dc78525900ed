#include "tools/yaml_map.h"

#include <algorithm>

#include "descriptor/escape.h"
#include "tools/option_parser.h"
#include "tools/suggestion.h"

namespace rebus {

YamlMap::YamlMap(const YamlNode& node, std::string path, std::vector<Mistake>& mistakes)
    : node_(node), path_(std::move(path)), mistakes_(mistakes) {}

void YamlMap::check_keys(std::initializer_list<const char*> known) const {
  const std::vector<std::string> names(known.begin(), known.end());
  for (const YamlNode& child : node_.children) {
    if (std::find(names.begin(), names.end(), child.key) != names.end()) continue;
    std::string meant = did_you_mean(child.key, names);
    std::string list;
    for (const auto& name : names) list += (list.empty() ? "; known are " : ", ") + name;
    mistakes_.push_back(
        {child.key_place, path_of(child.key), "unknown key" + (meant.empty() ? list : meant)});
  }
}

const YamlNode* YamlMap::find(const char* key) const {
  for (const YamlNode& child : node_.children) {
    if (child.key == key) return child.kind == YamlNode::Kind::kNothing ? nullptr : &child;
  }
  return nullptr;
}

const YamlNode* YamlMap::find(const char* key, YamlNode::Kind kind) const {
  const YamlNode* node = find(key);
  if (node == nullptr || node->kind == kind) return node;
  complain(key, must_be(kind, *node));
  return nullptr;
}

std::optional<std::string> YamlMap::text(const char* key) const {
  const YamlNode* node = find(key, YamlNode::Kind::kText);
  if (node == nullptr) return {};
  if (!node->text.empty()) return node->text;
  complain(key, "is empty");
  return {};
}

std::optional<std::string> YamlMap::absolute_path(const char* key) const {
  auto path = text(key);
  if (!path || path->starts_with('/')) return path;
  complain(key, "the path '" + escape(*path) +
                    "' is relative: it would be another one wherever this is started; say it from / on");
  return {};
}

std::optional<unsigned> YamlMap::count(const char* key, unsigned least, unsigned most) const {
  auto written = text(key);
  if (!written) return {};
  auto number = parse_count(key, *written, least, most);
  if (number) return *number;
  complain(key, number.error().message);
  return {};
}

bool YamlMap::flag(const char* key) const {
  auto written = text(key);
  if (!written || *written == "false") return false;
  if (*written != "true") complain(key, "must be true or false, not '" + escape(*written) + "'");
  return *written == "true";
}

std::optional<std::string> YamlMap::choice(const char* key, std::initializer_list<const char*> names) const {
  auto written = text(key);
  if (!written) return {};
  if (std::find(names.begin(), names.end(), *written) != names.end()) return written;
  std::string list;
  for (const char* name : names) list += (list.empty() ? "" : ", ") + std::string(name);
  complain(key, "'" + escape(*written) + "' is none of " + list);
  return {};
}

void YamlMap::complain(const char* key, const std::string& what) const {
  const YamlNode* node = find(key);
  mistakes_.push_back({node == nullptr ? node_.place : node->place, path_of(key), what});
}

std::string YamlMap::path_of(const std::string& key) const {
  if (key.empty()) return path_;
  return path_.empty() ? escape(key) : path_ + "." + escape(key);
}

std::string must_be(YamlNode::Kind wanted, const YamlNode& node) {
  return std::string("must be ") + kind_name(wanted) + ", and is " + kind_name(node.kind);
}

}  // namespace rebus
