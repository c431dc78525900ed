// YamlMap: takes the known keys out of a map, and complains of the rest.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "tools/yaml_tree.h"

namespace rebus {

// Reads one map. Every mistake is appended to `mistakes`, named by its path of keys; what is wrong reads as
// if it were not there.
class YamlMap {
 public:
  // `path` names the map itself; empty: the whole file. `node` must outlive this.
  YamlMap(const YamlNode& node, std::string path, std::vector<Mistake>& mistakes);

  const YamlNode& node() const { return node_; }

  // Unknown keys are mistakes, with what may have been meant.
  void check_keys(std::initializer_list<const char*> known) const;

  // Nothing if the key is absent or stands without a value.
  const YamlNode* find(const char* key) const;
  const YamlNode* find(const char* key, YamlNode::Kind kind) const;
  std::optional<std::string> text(const char* key) const;
  // Text that is not empty and begins with '/'.
  std::optional<std::string> absolute_path(const char* key) const;
  std::optional<unsigned> count(const char* key, unsigned least, unsigned most) const;
  bool flag(const char* key) const;
  // One of `names`; the mistake lists them.
  std::optional<std::string> choice(const char* key, std::initializer_list<const char*> names) const;

  // Complains of the value of a key; of the map itself if it is not there, or if `key` is "".
  void complain(const char* key, const std::string& what) const;
  std::string path_of(const std::string& key) const;

 private:
  const YamlNode& node_;
  std::string path_;
  std::vector<Mistake>& mistakes_;
};

// "must be a map, and is a list".
std::string must_be(YamlNode::Kind wanted, const YamlNode& node);

}  // namespace rebus
