// The answers of the original for its agents stringer, grep, return, ls and cat: one row per promise, with
// the deliberate differences (docs/decisions.md) beside them.
#include <gtest/gtest.h>

#include "tests/support/bus_stage.h"

namespace rebus::same_answers_test {
namespace {

using OptionMap = std::map<std::string, std::vector<std::string>>;

// One program in an archive, with the results that the original's demo agents give.
class Sample {
 public:
  Sample() {
    stage.close();
    stage.consume(*find_agent("stringer"));
  }
  std::string selector(const std::string& path, const Descriptor& d) {
    return path + "/%" + d.selector.id()->hex();
  }

  BusStage stage;
  Descriptor archive = stage.inject("apt1.tgz", "/archive/tar", "tar");
  Descriptor bash =
      stage.extract(archive, "bash", "/binary/elf/x86_64", std::string("\0GNU bash 5.2\0short\0", 20));
  Descriptor md5 = stage.result(bash, "/md5_hash", "5eaf5491c5b6c19f052989114ac70010");
};

struct Row {
  const char* promise;
  const char* agent;
  std::vector<std::string> arguments;
  OptionMap options;
  std::function<std::string(Sample&)> prints;
};

const Row kRows[] = {
    {"stringer gives the lines of strings -a -n 10 as /strings",
     "return",
     {"/strings"},
     {{"raw", {}}},
     [](Sample&) { return "GNU bash 5.2\n"; }},
    {"grep prints label = line",
     "grep",
     {"bash"},
     {},
     [](Sample&) { return "apt1.tgz:bash = GNU bash 5.2\n"; }},
    {"return --short prints label = value",
     "return",
     {"md5_hash"},
     {{"short", {}}},
     [](Sample&) { return "apt1.tgz:bash = 5eaf5491c5b6c19f052989114ac70010\n"; }},
    {"return takes its regex from anywhere in the selector",
     "return",
     {"5_ha"},
     {{"raw", {}}},
     [](Sample&) { return "5eaf5491c5b6c19f052989114ac70010"; }},
    {"return --raw prints the exact bytes",
     "return",
     {"/binary/"},
     {{"raw", {}}},
     [](Sample&) { return std::string("\0GNU bash 5.2\0short\0", 20); }},
    {"return prints rule, selector, label, UUID, value",
     "return",
     {"md5"},
     {},
     [](Sample& s) {
       return std::string(72, '-') + "\nselector: " + s.md5.selector.str() +
              "\nlabel:    apt1.tgz:bash\nuuid:     " + s.bash.uuid.str() +
              "\nvalue:    5eaf5491c5b6c19f052989114ac70010\n";
     }},
    {"ls prints selectors, regex from the start",
     "ls",
     {"/(archive|md5)"},
     {},
     [](Sample& s) { return s.md5.selector.str() + "\n" + s.archive.selector.str() + "\n"; }},
    {"ls does not search inside of the selector", "ls", {"md5"}, {}, [](Sample&) { return ""; }},
    {"ls --limit ends early",
     "ls",
     {"/(archive|md5)"},
     {{"limit", {"1"}}},
     [](Sample& s) { return s.md5.selector.str() + "\n"; }},
    {"cat prints selector and value, regex from the start",
     "cat",
     {"/md5"},
     {},
     [](Sample& s) { return s.md5.selector.str() + "\n    5eaf5491c5b6c19f052989114ac70010\n"; }},
    {"cat does not search inside of the selector", "cat", {"md5"}, {}, [](Sample&) { return ""; }},
    {"cat -n limits, --raw prints the exact bytes",
     "cat",
     {"/(md5|archive)"},
     {{"count", {"1"}}, {"raw", {}}},
     [](Sample&) { return "5eaf5491c5b6c19f052989114ac70010"; }},
    {"an object's selector ends with the SHA-256 of its bytes, a label is archive:member",
     "ls",
     {"/archive"},
     {},
     [](Sample& s) { return s.selector("/archive/tar", s.archive) + "\n"; }},
};

TEST(SameAnswers, as_the_original) {
  Sample sample;
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.promise);
    Called called{.arguments = row.arguments, .options = row.options};
    ASSERT_TRUE(declared(row.agent, called).ok());
    EXPECT_EQ(sample.stage.run(row.agent, called).text, row.prints(sample));
  }
}

// In the order of the table of agents: what is different on purpose.
TEST(DeliberateDifferences, grep_prints_what_is_still_to_come) {
  BusStage stage;
  Descriptor file = stage.inject("f", "/binary/elf", "x");  // from now on the bus is not idle
  auto running = stage.start("grep", {.arguments = {"late"}});
  stage.result(file, "/strings", "late line\n");
  stage.close();
  EXPECT_EQ(running->end().text, "f = late line\n");
}

TEST(DeliberateDifferences, a_short_value_stays_on_one_line_and_is_escaped) {
  BusStage stage;
  stage.result(stage.inject("f", "/binary/elf", "x"), "/note", "two\nlines\x1b");
  EXPECT_EQ(stage.run("return", {.arguments = {"note"}, .options = {{"short", {}}}}).text,
            "f = two\\x0alines\\x1b\n");
}

TEST(DeliberateDifferences, every_name_is_printed) {
  BusStage stage;
  auto file = stage.inject("f", "/binary/elf", "x");
  stage.inject("g", "/binary/elf", "x");
  stage.result(file, "/note", "n");
  EXPECT_EQ(stage.run("return", {.arguments = {"note"}, .options = {{"short", {}}}}).text, "f = n\ng = n\n");
}

}  // namespace
}  // namespace rebus::same_answers_test
