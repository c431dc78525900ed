#include "tools/words.h"

#include <gtest/gtest.h>

namespace rebus::words_test {
namespace {

using Words = std::vector<std::string>;

TEST(Words, ArePartedByWhiteSpaceAndKeptTogetherByQuotes) {
  EXPECT_EQ(*split_words(""), Words{});
  EXPECT_EQ(*split_words(" a  b\t\nc "), (Words{"a", "b", "c"}));
  EXPECT_EQ(*split_words(R"(-l 'a b' "c 'd" e\ f '' x"y z"w)"),
            (Words{"-l", "a b", "c 'd", "e f", "", "xy zw"}));
  EXPECT_EQ(*split_words(R"('\d+' "\d\"\\" \\d)"), (Words{R"(\d+)", R"(\d"\)", R"(\d)"}));
  EXPECT_EQ(*split_words("$HOME *.zip `id`"), (Words{"$HOME", "*.zip", "`id`"}));
}

TEST(Words, NeedTheirQuotesClosed) {
  EXPECT_FALSE(split_words("a 'b").ok());
  EXPECT_FALSE(split_words("\"b\\\"").ok());
}

}  // namespace
}  // namespace rebus::words_test
