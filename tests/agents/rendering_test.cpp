// How values and times look.
#include "agents/support/rendering.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agents/support/utc.h"

namespace rebus::rendering_test {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

TEST(AsciiJson, is_the_same_json_on_one_line) {
  for (std::string text : {R"({"a":[1,-2,"x"],"b":18446744073709551615})", "{\n \"a\" :\t1\n}", R"("é…😀")",
                           "\"\xe2\x80\xae\"", "\"\x7f\"", R"("\u001b\\")", "[]"}) {
    std::string ascii = ascii_json(text);
    EXPECT_EQ(nlohmann::json::parse(ascii), nlohmann::json::parse(text));
    for (char c : ascii) EXPECT_TRUE(c >= 0x20 && c < 0x7F) << text;
  }
}

TEST(AsciiJson, is_empty_for_what_is_no_json) {
  for (std::string text : {"", "{", "{\"a\":\"\xff\"}", "\"\x1b\"", "1 2"}) EXPECT_EQ(ascii_json(text), "");
}

TEST(AsciiJson, is_empty_for_what_readers_of_lines_could_not_take) {
  auto nested = [](size_t depth) { return std::string(depth, '[') + "\"[\\\"[\"" + std::string(depth, ']'); };
  EXPECT_EQ(ascii_json(nested(512)), nested(512));
  EXPECT_EQ(ascii_json(nested(513)), "");
  EXPECT_EQ(ascii_json(nested(60'000)), "");
}

TEST(UtcText, is_iso_8601) {
  EXPECT_EQ(utc_text(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(utc_text(1'714'566'600 * kSecond + 5), "2024-05-01T12:30:00Z");
}

TEST(ParseWhen, reads_dates_and_how_long_ago) {
  const int64_t now = 1'714'566'600 * kSecond;
  const std::pair<const char*, int64_t> cases[] = {
      {"2024-05-01", 1'714'521'600},
      {"2024-05-01T12:30", 1'714'566'600},
      {"2024-05-01T12:30:05Z", 1'714'566'605},
      {"2024-05-01 12:30:05", 1'714'566'605},
      {"2024-05-01 12:30Z", 1'714'566'600},
      {"90s", 1'714'566'510},
      {"30m", 1'714'564'800},
      {"2h", 1'714'559'400},
      {"3d", 1'714'307'400},
      {"1w", 1'713'961'800},
  };
  for (auto [text, seconds] : cases) {
    auto when = parse_when(text, now);
    ASSERT_TRUE(when.ok()) << text;
    EXPECT_EQ(*when, seconds * kSecond) << text;
  }
}

TEST(ParseWhen, refuses_the_rest) {
  for (const char* text : {"", "h", "2", "-2h", "2 h", "2024", "2024-13-01", "2024-05-01T12:30:05+02:00",
                           "tomorrow", "99999999999999999999h", "9999999999999w"}) {
    EXPECT_FALSE(parse_when(text, 0).ok()) << text;
  }
}

}  // namespace
}  // namespace rebus::rendering_test
