// antivirus --rescan: what newer signatures are used on, over a store and a restart.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/process.h"
#include "tests/support/virus_signatures.h"

namespace rebus::rescan_test {
namespace {

using Json = nlohmann::json;
using Lines = std::vector<std::string>;

class Rescan : public testing::Test {
 protected:
  Rescan() {
    folder_.write("bad", eicar());
    folder_.write("new", "brand new");
    folder_.write("other", "something else");
    folder_.write("late", "that comes later");
    look({}, {"bad", "new", "other"});
  }

  // One signature more, one less.
  void bring_other_signatures() {
    folder_.write("signatures/new.ndb", signature_line("New-Test", "brand new"));
    std::filesystem::remove(folder_.at("signatures/eicar.ndb"));
  }

  // In a process of its own: "NAME VERDICT" of all results that there are, and the differences by name.
  void look(const Lines& options, const Lines& files) {
    Lines words = {"rebus_agent", "--storage", "rocksdb",    "--path",
                   "store",       "antivirus", "--database", "signatures"};
    words.insert(words.end(), options.begin(), options.end());
    words.emplace_back("inject");
    words.insert(words.end(), files.begin(), files.end());
    words.insert(words.end(), {"--", "return", "--short", "/antivirus"});
    auto done = run(words, folder_.path());
    EXPECT_EQ(done.exit_code, 0) << done.err;
    results_.clear();
    differences_.clear();
    for (const std::string& line : done.sorted_lines()) {
      const std::string name = line.substr(0, line.find(" = "));
      Json json = Json::parse(line.substr(line.find(" = ") + 3), nullptr, false);
      if (json.contains("verdict")) results_.push_back(name + " " + json["verdict"].get<std::string>());
      if (json.contains("from")) differences_[name] = json;
    }
    std::sort(results_.begin(), results_.end());
  }

  ScratchFolder folder_;
  const std::string signatures_ = make_signatures(folder_);
  Lines results_;
  std::map<std::string, Json> differences_;
};

TEST_F(Rescan, OfNewFilesLeavesTheOthers) {
  EXPECT_EQ(results_, (Lines{"bad found", "new clean", "other clean"}));
  bring_other_signatures();
  look({}, {"late"});
  EXPECT_EQ(results_, (Lines{"bad found", "late clean", "new clean", "other clean"}));
  EXPECT_TRUE(differences_.empty());
}

TEST_F(Rescan, OfCleanFilesFindsWhatIsKnownNow) {
  bring_other_signatures();
  look({"--rescan", "clean"}, {"late"});
  EXPECT_EQ(results_,
            (Lines{"bad found", "late clean", "new clean", "new found", "other clean", "other clean"}));
  ASSERT_EQ(differences_.size(), 1u);
  EXPECT_EQ(differences_["new"]["from"]["verdict"], "clean");
  EXPECT_EQ(differences_["new"]["to"]["verdict"], "found");
  EXPECT_EQ(differences_["new"]["appeared"].get<Lines>(), Lines{"New-Test.UNOFFICIAL"});
  EXPECT_TRUE(differences_["new"]["gone"].empty());
}

TEST_F(Rescan, OfAllFilesTellsWhatIsNotFoundAnyMore) {
  bring_other_signatures();
  look({"--rescan", "all"}, {"late"});
  EXPECT_EQ(results_, (Lines{"bad clean", "bad found", "late clean", "new clean", "new found", "other clean",
                             "other clean"}));
  EXPECT_EQ(differences_.size(), 2u);
  EXPECT_EQ(differences_["bad"]["gone"].get<Lines>(), Lines{"Eicar-Test.UNOFFICIAL"});
  EXPECT_NE(differences_["bad"]["from"]["database"], differences_["bad"]["to"]["database"]);
}

TEST_F(Rescan, IsDoneOnceAndNewVersionsAreTheNewest) {
  bring_other_signatures();
  look({"--rescan", "all"}, {"late"});
  const Lines before = results_;
  folder_.write("last", "one more");
  look({"--rescan", "all"}, {"last"});
  Lines after = before;
  after.emplace_back("last clean");
  std::sort(after.begin(), after.end());
  EXPECT_EQ(results_, after) << "the same signatures: nothing was looked at again";

  folder_.write("signatures/third.ndb", signature_line("Third-Test", "something else"));
  look({"--rescan", "clean"}, {"bad"});  // known: not looked at because it comes again
  EXPECT_EQ(std::count(results_.begin(), results_.end(), "other found"), 0);
  folder_.write("end", "the end");
  look({"--rescan", "clean"}, {"end"});
  EXPECT_EQ(std::count(results_.begin(), results_.end(), "other found"), 1);
  EXPECT_EQ(std::count(results_.begin(), results_.end(), "bad clean"), 2)
      << "it was found, and then clean: it is due";
}

TEST_F(Rescan, IsDoneByWhoIsAskedToDoItAgain) {
  bring_other_signatures();
  auto done = run({"rebus_agent", "--storage", "rocksdb", "--path", "store", "antivirus", "--database",
                   "signatures", "--", "request_processing", "default", "/text", "antivirus", "--prefix",
                   "--force", "::", "return", "--short", "/antivirus/clamav/difference"},
                  folder_.path());
  EXPECT_NE(done.out.find("New-Test.UNOFFICIAL"), std::string::npos) << done.out << done.err;
}

// Nothing comes that would have made it look.
TEST_F(Rescan, IsDoneWhileNothingElseIsToDo) {
  const std::string bus = "ipc://" + folder_.at("bus");
  Process master({"rebus_master", "--busaddr", bus, "--storage", "ram"}, folder_.path());
  ASSERT_TRUE(eventually([&] { return master.err().find("listening") != std::string::npos; }));
  Process scans({"rebus_agent", "--busaddr", bus, "antivirus", "--database", "signatures", "--rescan", "all"},
                folder_.path());
  ASSERT_TRUE(eventually([&] {  // else nobody is waited for
    return run({"rebus_admin", "--busaddr", bus, "status"}, folder_.path()).out.find("antivirus") !=
           std::string::npos;
  })) << scans.err();
  auto injected =
      run({"rebus_agent", "--busaddr", bus, "inject", "--wait", "bad", "new", "other"}, folder_.path());
  ASSERT_EQ(injected.exit_code, 0) << injected.err;
  Process prints({"rebus_agent", "--busaddr", bus, "return", "--short", "/antivirus/clamav/difference"},
                 folder_.path());
  EXPECT_EQ(prints.out(), "");
  bring_other_signatures();
  EXPECT_TRUE(eventually([&] { return prints.line_count() == 2; })) << scans.err();
  EXPECT_NE(prints.out().find("New-Test.UNOFFICIAL"), std::string::npos) << prints.out();
  EXPECT_NE(prints.out().find("Eicar-Test.UNOFFICIAL"), std::string::npos) << prints.out();
}

}  // namespace
}  // namespace rebus::rescan_test
