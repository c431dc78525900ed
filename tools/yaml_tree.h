// YamlTree: a YAML document as nested values that know where they stand. What it reads may be hostile.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rebus {

// Line and column of a file, from 1.
struct Place {
  int line = 1;
  int column = 1;
};

// Something wrong in a file of settings.
struct Mistake {
  Place place;
  std::string key;  // "agents.stages[0].agents[2].hasher.params"; empty: the file itself
  std::string what;
};

struct YamlNode {
  enum class Kind { kNothing, kText, kList, kMap };
  Kind kind = Kind::kNothing;
  Place place;
  std::string text;  // of kText, whether it looks like a word, a number or a truth value
  std::string key;   // of a child of a map
  Place key_place;
  std::vector<YamlNode> children;  // of kList and kMap, in the order of the file
};

inline constexpr size_t kMaxYamlBytes = 1 << 20;

// One document without aliases and tags, at most kMaxYamlBytes, 16 levels and 50,000 values. Mistakes are
// appended; nothing is given if there is no sense in reading on. A key that stands twice is a mistake, too.
std::optional<YamlNode> parse_yaml(std::string_view text, std::vector<Mistake>& mistakes);

// "a map", for sentences.
const char* kind_name(YamlNode::Kind kind);

}  // namespace rebus
