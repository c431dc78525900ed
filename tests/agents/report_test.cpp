// report: nothing is clean that was not looked at whole, and hostile text stays text.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agents/support/report_page.h"
#include "tests/support/bus_stage.h"

namespace rebus {
extern const AgentSpec report_agent;
}

namespace rebus::report_test {
namespace {

using Json = nlohmann::json;

class Fails final : public Agent {
 public:
  Result<void> process(Work&) override { return Error{Code::kFailed, "it <b>broke</b>"}; }
};
const AgentSpec kFails{
    .name = "fails",
    .summary = {},
    .help = {},
    .prefixes = {"/binary"},
    .make = [](const Setting&) -> std::unique_ptr<Agent> { return std::make_unique<Fails>(); }};

// Gives a result, and says in which sandbox: that of the option.
class Caged final : public Agent {
 public:
  Result<void> process(Work& work) override { return work.push("/caged", "it", Kind::kText); }
};
AgentSpec caged(const char* name, Result<void> (*declare)(const Options&, Hello&)) {
  return {.name = name,
          .summary = {},
          .help = {},
          .prefixes = {"/binary"},
          .yields = {"/caged"},
          .make = [](const Setting&) -> std::unique_ptr<Agent> { return std::make_unique<Caged>(); },
          .declare = declare};
}

// Its second result comes later than the first.
class GivesTwo final : public Agent {
 public:
  Result<void> process(Work& work) override {
    const auto begin = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - begin < std::chrono::microseconds(50)) {
    }
    auto pushed = work.push("/first", "1", Kind::kText);
    return pushed ? work.push("/second", "2", Kind::kText) : pushed;
  }
};
const AgentSpec kGivesTwo{
    .name = "gives_two",
    .summary = {},
    .help = {},
    .prefixes = {"/binary"},
    .objects_only = true,
    .yields = {"/first", "/second"},
    .make = [](const Setting&) -> std::unique_ptr<Agent> { return std::make_unique<GivesTwo>(); }};

class ReportTest : public testing::Test {
 protected:
  Descriptor scanned(const Descriptor& file, const std::string& json) {
    return stage_.result(file, "/antivirus/clamav", json, Kind::kStructured);
  }
  // The newest of this path.
  std::string made(const std::string& path, const Called& called = {}) {
    stage_.close();
    stage_.consume(report_agent, called);
    auto bus = stage_.client();
    Find query;
    query.by = By::kPrefix;
    query.text = path;
    std::string newest;
    EXPECT_TRUE(bus->for_each(query, [&](Record& record) {
      newest = *record.descriptor.value.load(100 << 20);
      return true;
    }));
    return newest;
  }
  Json json(const Called& called = {}) { return Json::parse(made("/report/json", called)); }
  size_t versions() {
    size_t count = 0;
    Find query;
    query.by = By::kPrefix;
    query.text = "/report/json";
    EXPECT_TRUE(stage_.client()->for_each(query, [&](Record&) { return ++count > 0; }));
    return count;
  }
  static Json file(const Json& report, const std::string& name) {
    for (const Json& file : report["files"]) {
      if (file["names"][0] == name) return file;
    }
    ADD_FAILURE() << "no file " << name;
    return {};
  }

  BusStage stage_;
  static constexpr const char* kClean = R"({"verdict":"clean"})";
};

TEST_F(ReportTest, puts_what_is_known_of_each_file_together) {
  Descriptor archive = stage_.inject("a.zip", "/archive/zip", "zip");
  Descriptor bad = stage_.extract(archive, "bin/bad", "/binary/elf", "bad");
  scanned(archive, kClean);
  scanned(bad, R"({"signatures":["Eicar","Other"],"verdict":"found"})");
  stage_.result(bad, "/md5_hash", "0123");
  Json report = json();
  EXPECT_EQ(report["verdict"], "found");
  EXPECT_EQ(report["complete"], true);
  EXPECT_EQ(report["counts"]["found"], 1);
  EXPECT_EQ(report["counts"]["clean"], 1);
  EXPECT_EQ(report["submission"]["number"], 1);
  ASSERT_EQ(report["files"].size(), 2u);
  Json first = report["files"][0], second = report["files"][1];
  EXPECT_EQ(first["verdict"], "clean");
  EXPECT_EQ(first["verdict_with_members"], "found");
  EXPECT_EQ(first["members"],
            Json::parse(R"([{"name":"bin/bad","selector":")" + bad.selector.str() + "\"}]"));
  EXPECT_EQ(second["names"], Json::parse(R"(["a.zip:bin/bad"])"));
  EXPECT_EQ(second["found"], Json::parse(R"(["stage found Eicar, Other"])"));
  EXPECT_EQ(second["sha256"], bad.value.digest().hex());
  EXPECT_EQ(second["results"].size(), 2u);
}

TEST_F(ReportTest, calls_nothing_clean_that_was_not_looked_at_whole) {
  struct Case {
    std::string name, verdict, expected;
  };
  const std::vector<Case> cases = {
      {"whole", R"({"verdict":"clean"})", "clean"},
      {"cut", R"({"reason":"more than 100 MiB","verdict":"partial"})", "incomplete"},
      {"locked", R"({"verdict":"encrypted"})", "incomplete"},
      {"broken", R"({"reason":"no database","verdict":"error"})", "incomplete"},
      {"strange", R"({"verdict":"fine"})", "not examined"},
      {"list", R"([1])", "not examined"},
      {"traced", R"({"partial":["the trace was cut"],"verdict":"clean"})", "incomplete"},
  };
  for (const Case& one : cases) {
    Descriptor file = stage_.inject(one.name, "/text", one.name);
    scanned(file, one.verdict);
  }
  Descriptor limited = stage_.inject("limited", "/archive", "limited");
  scanned(limited, kClean);
  stage_.result(limited, "/limit/encrypted", R"({"count":3,"members":["a\\x1b"],"reason":"no password"})",
                Kind::kStructured);
  scanned(stage_.inject("failed", "/binary", "failed"), kClean);
  stage_.inject("nobody", "/text", "nobody");
  stage_.close();
  stage_.consume(kFails);
  Json report = json();
  for (const Case& one : cases) EXPECT_EQ(file(report, one.name)["verdict"], one.expected) << one.name;
  EXPECT_EQ(file(report, "limited")["incomplete"],
            Json::parse(R"x(["/limit/encrypted: no password (a\\x1b and 2 more)"])x"));
  EXPECT_EQ(file(report, "failed")["incomplete"], Json::parse(R"(["fails failed: it <b>broke</b>"])"));
  EXPECT_EQ(file(report, "nobody")["verdict"], "not examined");
  EXPECT_EQ(report["verdict"], "incomplete");
  EXPECT_EQ(report["complete"], false);
}

TEST_F(ReportTest, takes_what_was_opened_by_somebody_for_looked_at) {
  Descriptor opened = stage_.inject("opened", "/archive", "opened");
  scanned(opened, R"({"verdict":"encrypted"})");
  scanned(stage_.extract(opened, "member", "/text", "member"), kClean);
  EXPECT_EQ(json()["verdict"], "clean");
  Descriptor half = stage_.inject("half", "/archive", "half");
  scanned(half, R"({"verdict":"encrypted"})");
  scanned(stage_.extract(half, "other", "/text", "other"), kClean);
  stage_.result(half, "/limit/encrypted", R"({"count":1,"reason":"no password"})", Kind::kStructured);
  Json report = json();
  EXPECT_EQ(report["verdict"], "incomplete");
  EXPECT_EQ(file(report, "half")["incomplete"].size(), 2u);
}

TEST_F(ReportTest, takes_what_only_one_could_not_open_for_looked_at_where_another_did) {
  const std::string unopened = R"({"reason":"a method that it does not know","unopened":true,"verdict":)";
  Descriptor odd = stage_.inject("odd", "/archive", "odd");
  scanned(odd, unopened + R"("partial"})");
  stage_.result(odd, "/limit/antivirus", R"({"reason":"not all of it: a method that it does not know"})",
                Kind::kStructured);
  Json report = json();
  EXPECT_EQ(report["verdict"], "incomplete");
  EXPECT_EQ(file(report, "odd")["incomplete"],
            Json::parse(R"(["stage: partial: a method that it does not know"])"))
      << "once";
  scanned(stage_.extract(odd, "member", "/text", "member"), kClean);
  report = json();
  EXPECT_EQ(report["verdict"], "clean");
  Descriptor bad = stage_.inject("bad", "/archive", "bad");
  scanned(bad, unopened + R"("found","signatures":["Bad"]})");
  EXPECT_EQ(file(json(), "bad")["incomplete"].size(), 1U);
  scanned(stage_.extract(bad, "other", "/text", "other"), kClean);
  EXPECT_EQ(file(json(), "bad")["incomplete"].size(), 0U);
}

TEST_F(ReportTest, tells_which_programs_nothing_ran) {
  Descriptor program =
      stage_.inject("program", "/binary/elf/x86_64", "program", "default",
                    {"ELF 64-bit LSB pie executable, x86-64", "application/x-pie-executable", "binary"});
  stage_.inject("library", "/binary/elf/x86_64", "library", "default",
                {"ELF 64-bit LSB shared object, x86-64", "application/x-sharedlib", "binary"});
  scanned(program, kClean);
  Json report = json();
  EXPECT_EQ(report["counts"]["not_run"], 1);
  EXPECT_EQ(file(report, "program")["not_run"], true);
  EXPECT_FALSE(file(report, "library").contains("not_run"));
  EXPECT_NE(made("/report/html").find("<h2>Not run</h2>"), std::string::npos);
}

TEST_F(ReportTest, is_not_clean_if_one_file_was_looked_at_by_nobody) {
  scanned(stage_.inject("seen", "/text", "seen"), kClean);
  stage_.inject("unseen", "/text", "unseen");
  EXPECT_EQ(json()["verdict"], "incomplete");
}

TEST_F(ReportTest, is_clean_if_all_is) {
  Descriptor archive = stage_.inject("a", "/archive", "a");
  scanned(archive, kClean);
  scanned(stage_.extract(archive, "b", "/text", "b"), kClean);
  EXPECT_EQ(json()["verdict"], "clean");
}

TEST_F(ReportTest, is_made_again_when_something_is_added_and_else_not) {
  Descriptor file = stage_.inject("a", "/text", "a");
  EXPECT_EQ(json()["verdict"], "not examined");
  EXPECT_EQ(json()["verdict"], "not examined");
  EXPECT_EQ(versions(), 1u);
  scanned(file, kClean);
  EXPECT_EQ(json()["verdict"], "clean");
  EXPECT_EQ(versions(), 2u);
}

TEST_F(ReportTest, tells_of_files_above_its_limit) {
  Descriptor archive = stage_.inject("a", "/archive", "a");
  scanned(archive, kClean);
  for (const char* name : {"b", "c", "d"}) scanned(stage_.extract(archive, name, "/text", name), kClean);
  Json report = json({.options = {{"limit", {"2"}}}});
  EXPECT_EQ(report["files"].size(), 2u);
  EXPECT_EQ(report["files_left_out"], 2);
  EXPECT_EQ(report["verdict"], "incomplete");
  EXPECT_EQ(report["files"][0]["verdict_with_members"], "incomplete");
}

TEST_F(ReportTest, draws_an_archive_that_contains_itself_once) {
  Descriptor archive = stage_.inject("quine", "/archive", "quine");
  stage_.extract(archive, "quine", "/archive", "quine");
  scanned(archive, kClean);
  EXPECT_EQ(json()["verdict"], "clean");
  EXPECT_NE(made("/report/html").find("(shown above)"), std::string::npos);
}

TEST_F(ReportTest, shows_hostile_text_as_text) {
  const std::string name = "<script>alert(1)</script>\"'\x1b[2J\xe2\x80\xae";
  Descriptor file = stage_.inject(name, "/text", "x");
  scanned(file, R"({"reason":"<img src=x>","signatures":["</style><script>"],"verdict":"found"})");
  stage_.result(file, "/strings", "<iframe src=//evil>\nsecond line");
  std::string page = made("/report/html");
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_EQ(page.find("<iframe"), std::string::npos);
  EXPECT_EQ(page.find('\x1b'), std::string::npos);
  EXPECT_EQ(page.find("\xe2\x80\xae"), std::string::npos);
  EXPECT_NE(page.find("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;\\x1b[2J\\xe2\\x80\\xae"),
            std::string::npos);
  EXPECT_NE(page.find("&lt;iframe src=//evil&gt;\nsecond line"), std::string::npos);
  EXPECT_LT(page.find("<meta name=\"verdict\" content=\"found\">"), 1024u);
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
}

TEST(HtmlText, cuts_in_the_middle) {
  EXPECT_EQ(html_text("0123456789", 4), "01 … 89");
  EXPECT_EQ(html_text("01<>&89", 100), "01&lt;&gt;&amp;89");
}

TEST_F(ReportTest, counts_the_time_of_an_agent_once_for_each_file) {
  stage_.inject("a", "/binary", "a");
  stage_.inject("b", "/binary", "b");
  stage_.close();
  stage_.consume(kGivesTwo);
  Json report = json();
  uint64_t sum = 0;
  for (const Json& file : report["files"]) {
    uint64_t longest = 0;
    for (const Json& result : file["results"]) longest = std::max<uint64_t>(longest, result["time_us"]);
    EXPECT_GE(longest, 50u);
    sum += longest;
  }
  EXPECT_EQ(report["agents"]["gives_two"]["results"], 4);
  EXPECT_EQ(report["agents"]["gives_two"]["time_us"], sum);
}

TEST_F(ReportTest, says_at_the_top_how_many_files_were_injected) {
  stage_.inject("one.exe", "/binary", "1");
  std::string page = made("/report/html");
  EXPECT_NE(page.find("<h1>one.exe</h1>"), std::string::npos) << page;
  Descriptor archive = stage_.inject("first.zip", "/archive/zip", "zip");
  stage_.extract(archive, "member", "/binary", "m");
  stage_.inject("bad.exe", "/binary", "2");
  page = made("/report/html");
  EXPECT_NE(page.find("<h1>first.zip (2 files injected)</h1>"), std::string::npos) << page;
}

TEST_F(ReportTest, shows_structured_values_on_lines_that_can_be_read) {
  Descriptor file = stage_.inject("a", "/binary", "a");
  const std::string address = std::string(70, '9');
  stage_.result(file, "/strace/summary",
                R"({"end":{"exit":7},"network":[{"address":")" + address +
                    R"("},{"port":"<b>\\x0a&\u202e"}],"empty":[]})",
                Kind::kStructured);
  stage_.result(file, "/deep", std::string(3000, '[') + std::string(3000, ']'), Kind::kStructured);
  std::string page = made("/report/html");
  EXPECT_NE(page.find("<pre>{\n  &quot;empty&quot;: [],\n  &quot;end&quot;: {&quot;exit&quot;:7},\n  "
                      "&quot;network&quot;: [\n    {&quot;address&quot;:&quot;" +
                      address +
                      "&quot;},\n    {&quot;port&quot;:&quot;&lt;b&gt;\\\\x0a&amp;\\u202e&quot;}\n  ]\n}"
                      "</pre>"),
            std::string::npos)
      << page;
  EXPECT_NE(page.find("[[[[[[[["), std::string::npos);
}

TEST_F(ReportTest, says_failures_before_limits) {
  Descriptor first = stage_.inject("first", "/text", "one"),
             second = stage_.inject("second", "/binary/elf", "two");
  stage_.result(first, "/limit/time", R"({"reason":"a limit"})", Kind::kStructured);
  stage_.result(second, "/limit/time", R"({"reason":"another"})", Kind::kStructured);
  stage_.close();
  stage_.consume(kFails);
  std::string page = made("/report/html");
  const size_t failure = page.find("fails failed: it &lt;b&gt;broke&lt;/b&gt;");
  ASSERT_NE(failure, page.npos);
  EXPECT_LT(failure, page.find("a limit"));
  EXPECT_LT(page.find("a limit"), page.find("another"));
  EXPECT_EQ(page.find("and 1 more"), page.npos);
}

TEST_F(ReportTest, tells_who_worked_in_less_than_the_whole_sandbox) {
  Descriptor file = stage_.inject("bad", "/binary/elf", "bad");
  scanned(file, kClean);
  stage_.close();
  stage_.consume(caged("whole", [](const Options&, Hello& hello) -> Result<void> {
    hello.sandbox = {"namespaces", "landlock 7"};
    return {};
  }));
  stage_.consume(caged("less", [](const Options&, Hello& hello) -> Result<void> {
    hello.sandbox = {"namespaces", "no <landlock>"};
    return {};
  }));
  stage_.consume(caged("bare", [](const Options&, Hello& hello) -> Result<void> {
    hello.sandbox = {"none"};
    return {};
  }));
  Json report = json();
  EXPECT_EQ(report["verdict"], "clean") << "it is what was found out, wherever that was";
  EXPECT_EQ(report["less_sandbox"],
            Json::parse(R"(["bare worked without any sandbox","less worked without <landlock>"])"));
  EXPECT_EQ(
      report["sandboxes"],
      Json::parse(
          R"({"bare":[["none"]],"less":[["namespaces","no <landlock>"]],"whole":[["namespaces","landlock 7"]]})"));
  for (const Json& result : report["files"][0]["results"]) {
    if (result["agent"] == "bare") {
      EXPECT_EQ(result["sandbox"], Json::parse(R"(["none"])"));
    }
    if (result["agent"] == "stage") {
      EXPECT_FALSE(result.contains("sandbox"));
    }
  }
  std::string page = made("/report/html");
  size_t told = page.find("<li>less worked without &lt;landlock&gt;</li>");
  ASSERT_NE(told, page.npos);
  EXPECT_LT(told, page.find("<h2>Files</h2>"));
}

}  // namespace
}  // namespace rebus::report_test
