// What strace writes, as it is read: joined, cut, and hostile.
#include "agents/support/strace/trace_reader.h"

#include <gtest/gtest.h>

#include "agents/support/strace/trace_line.h"
#include "agents/support/strace/trace_summary.h"

namespace rebus::trace_reader_test {
namespace {

using Texts = std::vector<std::string>;
using Views = std::vector<std::string_view>;

constexpr const char* kBegin = "9 1.000000 execve(\"/input/sample\", [\"sample\"], 0x1 /* 3 vars */) = 0\n";

// The events as JSON, without the first.
Texts events_of(const std::string& trace) {
  Texts events;
  TraceReader reader("/input/sample", [&](const TraceEvent& event) { events.push_back(event.json()); });
  reader.read(kBegin + trace);
  reader.end();
  events.erase(events.begin());
  return events;
}

TEST(TraceReader, gives_calls_signals_and_ends) {
  EXPECT_EQ(
      events_of("9 1.000002 close(3)        = 0\n"
                "9 1.000003 --- SIGINT {si_signo=SIGINT} ---\n"
                "9 1.000004 --- stopped by SIGSTOP ---\n"
                "9 1.000005 exit_group(3)   = ?\n"
                "9 1.500000 +++ exited with 3 +++\n"
                "10 2.000000 +++ killed by SIGSEGV (core dumped) +++\n"),
      (Texts{R"({"arguments":["3"],"call":"close","pid":9,"result":"0","time":2})",
             R"({"pid":9,"signal":"SIGINT","time":3})",
             R"({"arguments":["3"],"call":"exit_group","pid":9,"result":"?","time":5})",
             R"({"exit":3,"pid":9,"time":500000})", R"({"killed":"SIGSEGV","pid":10,"time":1000000})"}));
}

TEST(TraceReader, joins_calls_that_others_interrupt) {
  EXPECT_EQ(events_of("9 1.000002 read(0,  <unfinished ...>\n"
                      "10 1.000003 getpid() = 10\n"
                      "9 1.000004 <... read resumed>\"x\", 1) = 1\n"
                      "10 1.000005 pause( <unfinished ...>\n"),
            (Texts{R"({"arguments":[],"call":"getpid","pid":10,"result":"10","time":3})",
                   R"({"arguments":["0","\"x\"","1"],"call":"read","pid":9,"result":"1","time":2})",
                   R"({"arguments":[],"call":"pause","pid":10,"result":"?","time":5})"}));
}

TEST(TraceReader, leaves_out_what_was_before_the_sample) {
  Texts calls;
  TraceReader reader("/input/sample", [&](const TraceEvent& event) { calls.push_back(event.name); });
  reader.read("7 0.000001 execve(\"/usr/bin/bwrap\", [\"bwrap\"], 0x1) = 0\n8 0.000002 getpid() = 1\n");
  EXPECT_FALSE(reader.has_begun());
  reader.read("9 0.000003 execve(\"/input/sample\", [\"sample\"], 0x1 <unfinished ...>\n");
  EXPECT_TRUE(reader.has_begun());
  reader.read("8 0.000004 wait4(-1, NULL, 0, NULL) = 9\n9 0.000005 <... execve resumed>) = 0\n");
  EXPECT_EQ(calls, Texts{"execve"});
  EXPECT_EQ(reader.first_pid(), 9u);
}

TEST(TraceReader, is_not_led_astray_by_what_strings_say) {
  EXPECT_EQ(
      events_of("9 1.000002 write(1, \") = 7\\n9 1.0 kill(\\\"\", 9) = 9\n"),
      (Texts{
          R"x({"arguments":["1","\") = 7\\\\n9 1.0 kill(\\\\\"\"","9"],"call":"write","pid":9,"result":"9","time":2})x"}));
  EXPECT_TRUE(events_of("9 1.000002 write(1, \"cut off").empty());
  EXPECT_TRUE(events_of("9 1.000002 write(1, \"cut off\n").empty());
}

TEST(TraceReader, counts_what_is_no_line_of_strace) {
  TraceReader reader("/input/sample", [](const TraceEvent&) {});
  reader.read(std::string(kBegin) + "nonsense\n9 x\n" + std::string(1 << 20, 'x') + "\n");
  EXPECT_EQ(reader.strange_lines(), 3u);
}

TEST(TraceLine, splits_arguments_at_commas_of_their_level) {
  EXPECT_EQ(split_arguments("1, \"a, b\", {x=1, y=[2, 3]}, f(4, 5)"),
            (Views{"1", "\"a, b\"", "{x=1, y=[2, 3]}", "f(4, 5)"}));
  EXPECT_EQ(split_arguments(""), Views{});
  EXPECT_EQ(split_arguments("1, 2, 3, 4", 2), (Views{"1", "2, 3, 4"}));
  EXPECT_EQ(split_arguments("}, ,"), (Views{"}, ,"})) << "nothing is split below the level it began at";
}

TEST(TraceLine, reads_strings_as_strace_writes_them) {
  EXPECT_EQ(string_literal(R"("a\n\t\"\\\33[\x7f\0012" , more)"), std::string("a\n\t\"\\\33[\x7f\0012", 10));
  EXPECT_EQ(string_literal("\"never ends"), std::nullopt);
  EXPECT_EQ(string_literal("\"never ends\\"), std::nullopt);
  EXPECT_EQ(string_literal("NULL"), std::nullopt);
}

TEST(TraceSummary, tells_of_processes_that_were_not_traced) {
  TraceSummary summary;
  TraceReader reader("/input/sample", [&](const TraceEvent& event) { summary.add(event); });
  reader.read(std::string(kBegin) + "9 1.1 nothing\n9 1.000002 fork() = 2 /* 10 in strace's PID NS */\n");
  EXPECT_EQ(summary.gaps(), Texts{"1 process that it started did nothing that was traced"});
  reader.read("10 1.000003 getpid() = 2\n");
  EXPECT_EQ(summary.gaps(), Texts{});
}

}  // namespace
}  // namespace rebus::trace_reader_test
