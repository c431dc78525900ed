#include "tools/status_view.h"

#include <gtest/gtest.h>

#include "tools/back_off.h"
#include "tools/line_buffer.h"

namespace rebus::status_view_test {
namespace {

using std::chrono::seconds;
using Time = std::chrono::steady_clock::time_point;

Time at(int second) { return Time() + seconds(second); }

TEST(RateMeter, LooksAtTheLastSeconds) {
  RateMeter rate;
  EXPECT_EQ(rate.per_second(), 0);
  rate.count(at(0), 100);
  EXPECT_EQ(rate.per_second(), 0);
  rate.count(at(2), 140);
  EXPECT_EQ(rate.per_second(), 20);
  for (int second = 4; second <= 20; second += 2) rate.count(at(second), 140);
  EXPECT_EQ(rate.per_second(), 0);
  rate.count(at(21), 3);  // another store
  EXPECT_EQ(rate.per_second(), 0);
}

TEST(BackOff, DoublesUpToAMinuteAndForgetsAfterHealth) {
  BackOff back_off;
  std::vector<int64_t> waits;
  for (int i = 0; i < 8; i++) waits.push_back(back_off.ended_after(seconds(1)).count());
  EXPECT_EQ(waits, (std::vector<int64_t>{1, 2, 4, 8, 16, 32, 60, 60}));
  EXPECT_EQ(back_off.ended_after(seconds(59)).count(), 60);
  EXPECT_EQ(back_off.ended_after(seconds(60)).count(), 1);
  EXPECT_EQ(back_off.ended_after(seconds(0)).count(), 2);
}

TEST(LineBuffer, GivesWholeLinesAndCutsLongOnes) {
  LineBuffer buffer;
  std::vector<std::string> lines;
  auto take = [&](const std::string& line) { lines.push_back(line); };
  buffer.add("a", take);
  EXPECT_TRUE(lines.empty());
  buffer.add("b\n\nc", take);
  EXPECT_EQ(lines, (std::vector<std::string>{"ab", ""}));
  buffer.end(take);
  EXPECT_EQ(lines.back(), "c");
  lines.clear();
  buffer.add(std::string(LineBuffer::kLongest + 1, 'x') + "\n", take);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].size(), LineBuffer::kLongest);
  EXPECT_EQ(lines[1], "x");
}

TEST(StatusView, ShowsEachAgentWithItsFigures) {
  BusOverview overview{"case7.yaml", 1, 2, seconds(3725), true, false, 1234, {0, 60, 2}, {}};
  overview.rows.push_back({"master", 1, 1, 2, "", false, 0, 0, 0, {}, 0});
  overview.rows.push_back({"hasher", 1, 2, 0, "starts again", true, 40, 3, 4, 102, 12.6, 2});
  auto lines = status_lines(overview);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(
      lines[0],
      "── case7.yaml: stage 1 of 2, 1234 descriptors, queue 0 urgent, 60 normal, 2 bulk, working, 1:02:05");
  EXPECT_NE(lines[2].find("2 restarts"), std::string::npos) << lines[2];
  for (const char* word : {"hasher", "1/2", " 40/102 ", " 3 ", " 4 ", "13/s", "starts again"}) {
    EXPECT_NE(lines[3].find(word), std::string::npos) << lines[3];
  }
  EXPECT_EQ(
      status_summary(overview),
      "stage 1 of 2, 1234 descriptors, queue 0 urgent, 60 normal, 2 bulk, working; master 1/1 running, 2 "
      "restarts; hasher 1/2 running, 40/102 handled, 3 failed, starts again, 2 to be tried again");
  overview.rows[1].total.reset();
  EXPECT_NE(status_lines(overview)[3].find(" 40 "), std::string::npos);
  overview.queue = {};
  EXPECT_EQ(status_lines(overview)[0].find("queue"), std::string::npos);
  overview.answers = false;
  EXPECT_NE(status_lines(overview)[0].find("does not answer"), std::string::npos);
}

}  // namespace
}  // namespace rebus::status_view_test
