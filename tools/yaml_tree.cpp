#include "tools/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>

#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr size_t kMaxLevels = 16;  // yaml-cpp recurses; its own limit is far above
constexpr size_t kMaxValues = 50'000;

Place place_of(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

// Ends the reading; caught in parse_yaml.
struct Refusal {
  Mistake mistake;
};

// Builds the tree from what the parser meets. Not YAML::Load: that follows aliases, keeps the last of equal
// keys without a word, and has the whole tree before anything can be refused.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::vector<Mistake>& mistakes) : mistakes_(mistakes) {}
  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark&, const std::string&) override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(mark, YamlNode::Kind::kNothing, {}); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, "an alias (*name) is not taken here: write out what it stands for");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    check_tag(mark, tag);
    add(mark, YamlNode::Kind::kText, value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, YamlNode::Kind::kList);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override { close(); }

 private:
  [[noreturn]] static void refuse(const YAML::Mark& mark, std::string what) {
    throw Refusal{{place_of(mark), "", std::move(what)}};
  }
  static void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.size() > 1) refuse(mark, "a tag (" + escape(tag.substr(0, 40)) + ") is not taken here");
  }
  bool wants_key() const {
    return !open_.empty() && open_.back().kind == YamlNode::Kind::kMap && !pending_key_;
  }
  void open(const YAML::Mark& mark, const std::string& tag, YamlNode::Kind kind) {
    check_tag(mark, tag);
    if (wants_key()) refuse(mark, "a key must be a word");
    if (open_.size() == kMaxLevels) refuse(mark, "nested deeper than " + std::to_string(kMaxLevels));
    open_.push_back(made(mark, kind, {}));
  }
  void close() {
    YamlNode node = std::move(open_.back());
    open_.pop_back();
    attach(std::move(node));
  }
  void add(const YAML::Mark& mark, YamlNode::Kind kind, std::string text);
  YamlNode made(const YAML::Mark& mark, YamlNode::Kind kind, std::string text);
  void attach(YamlNode node);
  void check_new_key(const YamlNode& map, const YamlNode& node);

  std::vector<Mistake>& mistakes_;
  std::vector<YamlNode> open_;  // maps and lists whose end is still to come
  std::optional<YamlNode> pending_key_;
  YamlNode root_;
  size_t count_ = 0;
};

void TreeBuilder::add(const YAML::Mark& mark, YamlNode::Kind kind, std::string text) {
  if (!wants_key()) return attach(made(mark, kind, std::move(text)));
  if (kind != YamlNode::Kind::kText) refuse(mark, "a key must be a word");
  pending_key_ = made(mark, kind, std::move(text));
}

// In a map the key that came before becomes a part of it.
YamlNode TreeBuilder::made(const YAML::Mark& mark, YamlNode::Kind kind, std::string text) {
  if (++count_ > kMaxValues) refuse(mark, "more than " + std::to_string(kMaxValues) + " values");
  YamlNode node;
  node.kind = kind;
  node.place = place_of(mark);
  node.text = std::move(text);
  if (!pending_key_) return node;
  node.key = std::move(pending_key_->text);
  node.key_place = pending_key_->place;
  pending_key_.reset();
  return node;
}

void TreeBuilder::attach(YamlNode node) {
  if (open_.empty()) {
    root_ = std::move(node);
    return;
  }
  YamlNode& parent = open_.back();
  if (parent.kind == YamlNode::Kind::kMap) check_new_key(parent, node);
  parent.children.push_back(std::move(node));
}

void TreeBuilder::check_new_key(const YamlNode& map, const YamlNode& node) {
  constexpr size_t kMaxKeys = 1000;  // each is compared with all before it
  if (map.children.size() == kMaxKeys) throw Refusal{{node.key_place, "", "a map of more than 1000 keys"}};
  for (const YamlNode& other : map.children) {
    if (other.key != node.key) continue;
    mistakes_.push_back({node.key_place, escape(node.key),
                         "stands twice; first in line " + std::to_string(other.key_place.line)});
    return;
  }
}

Place place_at(std::string_view text, size_t at) {
  std::string_view before = text.substr(0, at);
  size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
          static_cast<int>(at - line_start) + 1};
}

// What yaml-cpp would read in a way of its own: a zero byte, an end-of-file character, UTF-16.
bool check_characters(std::string_view text, std::vector<Mistake>& mistakes) {
  auto is_control = [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n' && c != '\t' && c != '\r') || byte == 0x7f;
  };
  auto found = std::find_if(text.begin(), text.end(), is_control);
  if (found != text.end()) {
    mistakes.push_back({place_at(text, static_cast<size_t>(found - text.begin())), "",
                        "the control character " + escape(std::string_view(&*found, 1)) +
                            ": a file of settings is UTF-8 text"});
    return false;
  }
  if (is_utf8(text)) return true;
  mistakes.push_back({{}, "", "is not UTF-8 text"});
  return false;
}

YamlNode read_document(std::string_view text, std::vector<Mistake>& mistakes) {
  std::istringstream stream{std::string(text)};
  YAML::Parser parser(stream);
  TreeBuilder builder(mistakes);
  if (!parser.HandleNextDocument(builder)) throw Refusal{{{}, "", "is empty"}};
  YamlNode root = builder.take();
  TreeBuilder rest(mistakes);
  if (parser.HandleNextDocument(rest))
    throw Refusal{{rest.take().place, "", "a second document begins here"}};
  return root;
}

}  // namespace

std::optional<YamlNode> parse_yaml(std::string_view text, std::vector<Mistake>& mistakes) {
  if (text.size() > kMaxYamlBytes) {
    mistakes.push_back({{}, "", "is larger than 1 MiB: that is no file of settings"});
    return {};
  }
  if (!check_characters(text, mistakes)) return {};
  try {
    return read_document(text, mistakes);
  } catch (const Refusal& refusal) {
    mistakes.push_back(refusal.mistake);
  } catch (const YAML::Exception& error) {
    mistakes.push_back({place_of(error.mark), "", "is not YAML: " + escape(error.msg)});
  }
  return {};
}

const char* kind_name(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::kNothing:
      return "nothing";
    case YamlNode::Kind::kText:
      return "a single value";
    case YamlNode::Kind::kList:
      return "a list";
    default:
      return "a map";
  }
}

}  // namespace rebus
