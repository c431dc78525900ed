#include "tools/yaml_tree.h"

#include <gtest/gtest.h>

namespace rebus::yaml_tree_test {
namespace {

struct Parsed {
  std::optional<YamlNode> root;
  std::vector<Mistake> mistakes;
};

Parsed parsed(std::string_view text) {
  Parsed result;
  result.root = parse_yaml(text, result.mistakes);
  return result;
}

std::string repeated(const std::string& part, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; i++) text += part;
  return text;
}

TEST(YamlTree, KnowsWhereEverythingStands) {
  auto root = parsed("a: 1\nb:\n  - x\n  - {c: 'y z'}\n").root;
  ASSERT_TRUE(root);
  ASSERT_EQ(root->kind, YamlNode::Kind::kMap);
  ASSERT_EQ(root->children.size(), 2u);
  EXPECT_EQ(root->children[0].key, "a");
  EXPECT_EQ(root->children[0].text, "1");
  const YamlNode& list = root->children[1];
  ASSERT_EQ(list.kind, YamlNode::Kind::kList);
  EXPECT_EQ(list.key_place.line, 2);
  const YamlNode& word = list.children[1].children[0];
  EXPECT_EQ(word.text, "y z");
  EXPECT_EQ(word.place.line, 4);
  EXPECT_EQ(word.place.column, 9);
  EXPECT_EQ(word.key_place.column, 6);
}

TEST(YamlTree, TellsOfAKeyThatStandsTwiceAndReadsOn) {
  auto result = parsed("a: 1\nb: 2\na: 3\nb: 4\n");
  EXPECT_TRUE(result.root);
  ASSERT_EQ(result.mistakes.size(), 2u);
  EXPECT_EQ(result.mistakes[0].place.line, 3);
  EXPECT_EQ(result.mistakes[1].what, "stands twice; first in line 2");
}

TEST(YamlTree, TakesAsMuchAsItPromises) {
  std::string text = "a: '" + std::string(kMaxYamlBytes - 5, 'x') + "'";
  EXPECT_TRUE(parsed(text).root);
  EXPECT_FALSE(parsed(text + "\n").root);
  EXPECT_TRUE(parsed(repeated("[", 16) + repeated("]", 16)).root);
  EXPECT_FALSE(parsed(repeated("[", 17) + repeated("]", 17)).root);
}

struct Hostile {
  const char* name;
  std::string text;
  const char* complaint;
};

class HostileYaml : public testing::TestWithParam<Hostile> {};

TEST_P(HostileYaml, IsAMistakeAndNoCrash) {
  auto result = parsed(GetParam().text);
  EXPECT_FALSE(result.root);
  ASSERT_EQ(result.mistakes.size(), 1u);
  EXPECT_NE(result.mistakes[0].what.find(GetParam().complaint), std::string::npos) << result.mistakes[0].what;
  EXPECT_GE(result.mistakes[0].place.line, 1);
  EXPECT_GE(result.mistakes[0].place.column, 1);
}

constexpr size_t kMany = 1 << 18;

std::string many_keys() {
  std::string text;
  for (int i = 0; i < 2000; i++) text += "k" + std::to_string(i) + ": 1\n";
  return text;
}

INSTANTIATE_TEST_SUITE_P(
    Texts, HostileYaml,
    testing::Values(Hostile{"empty", "", "is empty"}, Hostile{"comment", "# nothing\n", "is empty"},
                    Hostile{"large", std::string(kMaxYamlBytes + 1, ' '), "larger than 1 MiB"},
                    Hostile{"deep_lists", repeated("[", 5000) + repeated("]", 5000), "nested deeper"},
                    Hostile{"open_lists", repeated("[", kMany), ""},
                    Hostile{"deep_maps", repeated("{a: ", 5000) + repeated("}", 5000), "nested deeper"},
                    Hostile{"open_maps", repeated("{a: ", kMany), ""},
                    Hostile{"deep_block", repeated("- ", kMany), "nested deeper"},
                    Hostile{"deep_keys", repeated("? ", kMany), "a key must be a word"},
                    Hostile{"many", "[" + repeated("a,", kMany) + "]", "more than 50000 values"},
                    Hostile{"many_keys", many_keys(), "more than 1000 keys"},
                    Hostile{"alias_bomb", "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", "alias"},
                    Hostile{"merge", "a: &a {x: 1}\nb: {<<: *a}\n", "alias"},
                    Hostile{"tag", "a: !!binary aGk=\n", "tag"},
                    Hostile{"map_as_key", "{[a]: b}", "a key must be a word"},
                    Hostile{"null_as_key", "~: b", "a key must be a word"},
                    Hostile{"zero", std::string("a: b\nc: \0d", 10), "control character \\x00"},
                    Hostile{"escape_code", "a: \x1b[2J", "control character \\x1b"},
                    Hostile{"utf16",
                            std::string("\xff\xfe"
                                        "a\0:\0",
                                        6),
                            "control character"},
                    Hostile{"latin1", "a: \xe9", "not UTF-8"}, Hostile{"open_quote", "a: \"b", "is not YAML"},
                    Hostile{"open_list", "a: [b", "is not YAML"},
                    Hostile{"bad_indent", "a: 1\n  b: 2\n", "is not YAML"},
                    Hostile{"unknown_alias", "a: *b", "is not YAML"},
                    Hostile{"second_document", "a: 1\n---\nb: 2\n", "second document"}),
    [](const auto& hostile) { return std::string(hostile.param.name); });

}  // namespace
}  // namespace rebus::yaml_tree_test
