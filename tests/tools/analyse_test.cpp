// tools/analyse.sh, the file of an analysis that stays, and the report in a real browser.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/virus_signatures.h"

namespace rebus::analyse_test {
namespace {

using Json = nlohmann::json;

class Analyse : public testing::Test {
 protected:
  Analyse() : signatures_(make_signatures(folder_)) {}
  Finished analyse(const std::string& words) {
    return shell(REBUS_SOURCE "/tools/analyse.sh --database " + signatures_ + " " + words, folder_.path());
  }
  static std::string verdict(const Finished& done) { return Json::parse(done.out)["verdict"]; }

  ScratchFolder folder_;
  const std::string signatures_;
};

TEST_F(Analyse, TellsByItsExitCodeWhatItFound) {
  folder_.write("good", "harmless");
  folder_.write("bad", eicar());
  ASSERT_EQ(shell("zip -q bad.zip good bad; zip -qP other locked.zip bad; rm bad", folder_.path()).exit_code,
            0);
  auto clean = analyse("-o json good"), found = analyse("-o json good bad.zip");
  auto locked = analyse("-o json good locked.zip");
  EXPECT_EQ(clean.exit_code, 0) << clean.err;
  EXPECT_EQ(verdict(clean), "clean");
  EXPECT_EQ(found.exit_code, 1) << found.err;
  EXPECT_EQ(verdict(found), "found");
  EXPECT_EQ(locked.exit_code, 3) << locked.err;
  EXPECT_EQ(verdict(locked), "incomplete");
}

TEST_F(Analyse, TriesPasswordsThatAreKnown) {
  folder_.write("bad", eicar());
  folder_.write("words", "no\nTr0ub4 dor\n");
  ASSERT_EQ(shell("zip -qP 'Tr0ub4 dor' locked.zip bad", folder_.path()).exit_code, 0);
  for (const char* words : {"--passwords 'no,Tr0ub4 dor'", "--passwords @words"}) {
    auto done = analyse("-o json " + std::string(words) + " locked.zip");
    EXPECT_EQ(done.exit_code, 1) << done.err;
    EXPECT_EQ(verdict(done), "found");
    EXPECT_EQ(done.out.find("Tr0ub4"), std::string::npos);
  }
}

TEST_F(Analyse, IsIncompleteWithoutSignatures) {
  folder_.write("good", "harmless");
  auto done = analyse("--database " + folder_.path() + " -o json good");
  EXPECT_EQ(done.exit_code, 3);
  EXPECT_EQ(verdict(done), "not examined");
  EXPECT_NE(done.err.find("nothing looks for malware"), std::string::npos) << done.err;
}

TEST_F(Analyse, TakesFoldersAndNamesThatLookLikeOptions) {
  std::filesystem::create_directory(folder_.at("in"));
  folder_.write("in/--help", "x");
  folder_.write("-o", "y");
  auto done = analyse("-o json -- in ./-o");
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(Json::parse(done.out)["files"].size(), 2u);
}

TEST_F(Analyse, NamesFirstWhatItCouldNotRead) {
  folder_.write("good", "harmless");
  auto json = analyse("-o json gone\\<b\\> good"), page = analyse("gone\\<b\\> good");
  EXPECT_EQ(json.exit_code, 3) << json.err;
  EXPECT_EQ(verdict(json), "incomplete");
  const Json report = Json::parse(json.out);
  EXPECT_EQ(report["files"].size(), 1u);
  EXPECT_EQ(report["counts"]["clean"], 1);
  EXPECT_EQ(report["incomplete"],
            Json::array({"failed to read, or not taken in by the bus (gone<b>: No such file or directory)"}));
  EXPECT_EQ(page.exit_code, 3) << page.err;
  const size_t told = page.out.find("<li>failed to read");
  ASSERT_NE(told, page.out.npos);
  EXPECT_NE(page.out.find("gone&lt;b&gt;: No such file", told), page.out.npos);
  EXPECT_LT(told, page.out.find("<h2>Files</h2>"));
}

// 1 would be: something was found.
TEST_F(Analyse, ItsOwnFailuresAreNoVerdict) {
  folder_.write("good", "harmless");
  const std::string call = REBUS_SOURCE "/tools/analyse.sh --database " + signatures_ + " good";
  for (const std::string& words : {call + " > /dev/full", "TMPDIR=/nowhere " + call}) {
    auto done = shell(words, folder_.path());
    EXPECT_EQ(done.exit_code, 75) << words << done.err;
    EXPECT_NE(done.err.find("analyse.sh: no report: "), std::string::npos) << done.err;
  }
}

TEST_F(Analyse, TakesStandardInput) {
  folder_.write("bad", eicar());
  auto done = analyse("-o json - < bad");
  EXPECT_EQ(done.exit_code, 1) << done.err;
  EXPECT_EQ(verdict(done), "found");
}

TEST_F(Analyse, SaysWhatItCannotDo) {
  for (const char* words : {"", "-o xml good", "-x", "nofile"}) {
    auto done = analyse(words);
    EXPECT_EQ(done.exit_code, 2) << words;
    EXPECT_EQ(done.out, "") << words;
    EXPECT_TRUE(done.err.starts_with("analyse.sh: ")) << done.err;
  }
  EXPECT_NE(analyse("--help").out.find("Exit code: 0 clean, 1 something was found"), std::string::npos);
}

// The text of the page as a browser has it after whatever it ran.
std::string in_browser(const ScratchFolder& folder, const std::string& page) {
  auto done = run(
      {"chromium", "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=" + folder.at("profile"),
       "--virtual-time-budget=2000", "--dump-dom", "file://" + page},
      folder.path());
  EXPECT_EQ(done.exit_code, 0) << done.err;
  return done.out;
}

TEST_F(Analyse, ItsPageDoesNoHarmInABrowser) {
  const std::string evil =
      "<script>document.title='owned'</script><img src=x onerror=document.title='owned'>";
  folder_.write("page.txt", evil + "\n" + evil);
  folder_.write("<b onclick=alert(1)>\xe2\x80\xaetxt.exe", "MZ" + evil);
  ASSERT_EQ(
      shell("zip -q 'a<script>document.title=1<\xe2\x80\xae.zip' *.txt *.exe", folder_.path()).exit_code, 0);
  auto done = analyse("-o html *.zip > page.html");
  EXPECT_EQ(done.exit_code, 0) << done.err;
  std::string page = in_browser(folder_, folder_.at("page.html"));
  EXPECT_NE(page.find("Everything was looked at, and nothing was found"), std::string::npos)
      << page.substr(0, 4000);
  EXPECT_NE(page.find("<title>a&lt;script&gt;document.title=1&lt;\\xe2\\x80\\xae.zip</title>"),
            std::string::npos)
      << page.substr(0, 1000);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_EQ(page.find("<b onclick"), std::string::npos);
}

// The case of the paper on orchestrated file analysis: an archive with a program for each of two
// architectures. Each tool runs on what it is for and on nothing else.
TEST_F(Analyse, RunsEachToolOnWhatItIsForOnly) {
  const std::string arm = REBUS_SOURCE "/build/arm64/root/bin/busybox";  // tools/arm64_system.sh
  ASSERT_EQ(shell("cp /usr/bin/id amd64 && cp " + arm + " arm64 && tar -cJf paper.tar.xz amd64 arm64",
                  folder_.path())
                .exit_code,
            0);
  auto done = analyse("-o json paper.tar.xz");
  EXPECT_EQ(done.exit_code, 0) << done.err;
  const Json report = Json::parse(done.out);
  std::map<std::string, std::set<std::string>> ran;
  for (const Json& file : report["files"]) {
    const std::string name = file["names"][0];
    for (const std::string agent : file["agents"]) ran[name].insert(agent);
  }
  std::map<std::string, std::set<std::string>> expected = {
      {"paper.tar.xz", {"antivirus", "file_id", "hasher", "unarchive"}},
      {"paper.tar.xz:amd64", {"antivirus", "file_id", "hasher", "signature", "strace_x86_64"}},
      {"paper.tar.xz:arm64", {"antivirus", "file_id", "hasher", "signature", "strace_aarch64"}},
  };
  EXPECT_EQ(ran, expected);
  for (const Json& file : report["files"]) {
    for (const Json& result : file["results"]) {
      if (result["path"] != "/strace/summary") continue;
      EXPECT_EQ(result["value"]["engine"], file["names"][0] == "paper.tar.xz:amd64" ? "native" : "system");
      EXPECT_TRUE(result["value"]["end"].contains("exit")) << result["value"];
      EXPECT_TRUE(result["value"]["partial"].empty()) << result["value"]["partial"];
    }
  }
}

// With paths of this test.
TEST_F(Analyse, TheExampleOfABusIsSound) {
  std::string text = file_bytes(REBUS_SOURCE "/deploy/examples/file-analysis.yaml");
  for (auto [from, to] : {std::pair{std::string("/var/lib/clamav"), signatures_},
                          {std::string("/srv/incoming"), folder_.path()},
                          {std::string("/var/lib/rebus/arm64"), std::string(REBUS_SOURCE "/build/arm64")},
                          {std::string("/var/lib/rebus/store"), folder_.at("store")},
                          {std::string("/run/rebus/bus"), folder_.at("bus")}}) {
    ASSERT_NE(text.find(from), std::string::npos) << from;
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
      text.replace(at, from.size(), to);
  }
  folder_.write("file-analysis.yaml", text);
  auto checked = run({"rebus_infra", "--check", folder_.at("file-analysis.yaml")});
  EXPECT_EQ(checked.exit_code, 0) << checked.err;
}

}  // namespace
}  // namespace rebus::analyse_test
