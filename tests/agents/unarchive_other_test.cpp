// Archives that libarchive cannot take apart: by 7-Zip and The Unarchiver, in their cells.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/support/archive_maker.h"
#include "tests/support/rar_maker.h"
#include "tests/support/run_once.h"
#include "tests/support/scratch_folder.h"

namespace rebus {
extern const AgentSpec unarchive_agent;
}

namespace rebus::unarchive_other_test {
namespace {

using Members = std::multimap<std::string, std::string>;

RunOnce unpack(const std::string& path, const std::string& bytes,
               const std::vector<std::string>& passwords = {}, const Limits& limits = {}) {
  Options options;
  if (!passwords.empty()) options.set("passwords", passwords);
  return run_once(unarchive_agent, object_of(path, "a", bytes), options, limits);
}

Members members(const RunOnce& run) {
  Members found;
  for (const NewDescriptor& item : run.pushed) {
    if (!item.origin) continue;
    EXPECT_EQ(item.descriptor.label, "a:" + item.origin->name);
    found.emplace(item.origin->name, *item.descriptor.value.load(64 << 20));
  }
  return found;
}

nlohmann::json json_of(const RunOnce& run, const std::string& path) {
  std::string text = run.text(path);
  EXPECT_FALSE(text.empty()) << path << " was not pushed once";
  return nlohmann::json::parse(text.empty() ? R"({"reason": ""})" : text);
}

class SevenZip : public testing::Test {
 protected:
  // Made in a folder with these files.
  std::string archive(const Members& files, const std::string& words, const std::string& more = {}) const {
    for (const auto& [name, bytes] : files) scratch_.write("d/" + name, bytes);
    scratch_.run("cd d && 7zz a -bd -y " + words + " ../a.bin . >/dev/null" + more);
    return file_bytes(scratch_.at("a.bin"));
  }

  ScratchFolder scratch_;
  Members files_ = {{"x", "ex"}, {"d/y", std::string(300, 'y')}, {"empty", ""}, {"-rf", "a name"}};
};

}  // namespace

TEST_F(SevenZip, with_encrypted_content_is_opened) {
  RunOnce run = unpack("/archive/7z", archive(files_, "-t7z -p'the right one'"), {"no", "the right one"});
  EXPECT_FALSE(run.error) << run.error->message;
  EXPECT_EQ(members(run), files_);
  EXPECT_TRUE(run.under("/limit").empty());
}

TEST_F(SevenZip, with_encrypted_headers_is_opened) {
  RunOnce run = unpack("/archive/7z", archive(files_, "-t7z -pinfected -mhe=on"));
  EXPECT_FALSE(run.error) << run.error->message;
  EXPECT_EQ(members(run), files_);
  EXPECT_TRUE(run.under("/limit").empty());
}

TEST_F(SevenZip, that_no_password_opens_is_told_and_no_password_is) {
  for (const char* headers : {"-mhe=on", "-mhe=off"}) {
    RunOnce run = unpack("/archive/7z", archive(files_, std::string("-t7z -punguessable ") + headers),
                         {"my-secret-word"});
    EXPECT_FALSE(run.error) << run.error->message;
    for (const auto& [name, bytes] : members(run)) EXPECT_TRUE(bytes.empty()) << name;
    EXPECT_GE(json_of(run, "/limit/encrypted")["count"], 1);
    EXPECT_EQ(json_of(run, "/limit/encrypted")["reason"], "no password opens it, or it is damaged");
    EXPECT_EQ(run.text("/limit/encrypted").find("my-secret-word"), std::string::npos);
    scratch_.run("rm a.bin");
  }
}

TEST_F(SevenZip, of_which_only_a_part_is_encrypted_gives_each_member_once) {
  archive({{"open", "readable"}}, "-t7z");
  scratch_.run("rm d/open");
  RunOnce run = unpack("/archive/7z", archive({{"shut", "hidden"}}, "-t7z -pinfected"));
  EXPECT_FALSE(run.error) << run.error->message;
  EXPECT_EQ(members(run), (Members{{"open", "readable"}, {"shut", "hidden"}}));
  EXPECT_TRUE(run.under("/limit").empty());
}

TEST_F(SevenZip, bombs_are_told_as_limits) {
  Limits limits;
  limits.container_bytes = 1 << 20;
  std::string bomb = archive({{"zeros", std::string(50 << 20, '\0')}}, "-t7z -pinfected -mhe=on");
  EXPECT_LT(bomb.size(), 1u << 20);
  RunOnce run = unpack("/archive/7z", bomb, {}, limits);
  EXPECT_FALSE(run.error) << run.error->message;
  EXPECT_TRUE(members(run).empty());
  EXPECT_EQ(json_of(run, "/limit/bytes")["limit"], limits.container_bytes);
}

TEST_F(SevenZip, that_takes_longer_than_allowed_is_told_as_a_limit) {
  std::vector<std::string> many;  // each takes milliseconds
  for (int i = 0; i < 900; i++) many.push_back("word" + std::to_string(i));
  Limits limits;
  limits.time = std::chrono::seconds(1);
  RunOnce run = unpack("/archive/7z", archive(files_, "-t7z -punguessable -mhe=on"), many, limits);
  EXPECT_FALSE(run.error) << run.error->message;
  EXPECT_TRUE(members(run).empty());
  EXPECT_EQ(json_of(run, "/limit/time")["limit"], 1);
}

TEST_F(SevenZip, links_are_told_and_lead_nowhere) {
  scratch_.write("d/x", "ex");
  scratch_.run("ln -s /etc/passwd d/absolute; ln -s ../../up d/up; ln -s x d/near");
  RunOnce run = unpack("/archive/7z", archive({}, "-snl -t7z -pinfected -mhe=on"));
  EXPECT_FALSE(run.error) << run.error->message;
  EXPECT_EQ(members(run), (Members{{"x", "ex"}}));
  auto skipped = json_of(run, "/unarchive/skipped");
  EXPECT_EQ(skipped["symlinks"], 3);
  EXPECT_EQ(skipped["members"][2], "up -> ../../up");
}

TEST_F(SevenZip, names_that_lead_elsewhere_stay_in_the_archive) {
  archive({{"x", "up"}, {"y", "etc"}}, "-t7z -pinfected -mhe=on",
          "; 7zz rn -pinfected ../a.bin x ../../../../tmp/rebus-up y /etc/rebus-etc >/dev/null");
  RunOnce run = unpack("/archive/7z", file_bytes(scratch_.at("a.bin")));
  EXPECT_FALSE(run.error) << run.error->message;
  EXPECT_EQ(members(run), (Members{{"tmp/rebus-up", "up"}, {"etc/rebus-etc", "etc"}}));
}

TEST_F(SevenZip, in_another_one_comes_out_as_an_archive) {
  std::string inner = archive(files_, "-t7z -pinfected -mhe=on");
  scratch_.run("rm -r a.bin d");
  RunOnce outer = unpack("/archive/7z", archive({{"inner.7z", inner}}, "-t7z -pinfected -mhe=on"));
  ASSERT_EQ(outer.under("/archive/7z").size(), 1u);
  RunOnce run = run_once(unarchive_agent, outer.under("/archive/7z")[0].descriptor);
  EXPECT_EQ(run.under("/unknown").size() + run.under("/text").size() + run.under("/empty").size(), 4u);
}

TEST_F(SevenZip, opens_zip_with_a_method_that_libarchive_has_not) {
  RunOnce run = unpack("/archive/zip", archive(files_, "-tzip -mm=Deflate64"));
  EXPECT_FALSE(run.error) << run.error->message;
  EXPECT_EQ(members(run), files_);
}

TEST_F(SevenZip, opens_arj) {
  scratch_.write("d/x", "ex");
  scratch_.run("cd d && arj a -i ../a.arj x >/dev/null");
  RunOnce run = unpack("/archive/arj", file_bytes(scratch_.at("a.arj")));
  EXPECT_FALSE(run.error) << run.error->message;
  EXPECT_EQ(members(run), (Members{{"x", "ex"}}));
}

TEST_F(SevenZip, is_asked_for_where_it_is_missing) {
  std::string bytes = archive(files_, "-t7z -pinfected -mhe=on");
  std::string path = std::getenv("PATH");
  setenv("PATH", scratch_.path().c_str(), 1);
  RunOnce run = unpack("/archive/7z", bytes);
  setenv("PATH", path.c_str(), 1);
  EXPECT_FALSE(run.error) << run.error->message;
  std::string reason = json_of(run, "/limit/encrypted")["reason"];
  EXPECT_NE(reason.find("apt-get install 7zip"), std::string::npos) << reason;
}

TEST_F(SevenZip, that_is_cut_off_fails_visibly) {
  std::string bytes = archive(files_, "-t7z -pinfected -mhe=on");
  RunOnce run = unpack("/archive/7z", bytes.substr(0, bytes.size() / 2));
  EXPECT_TRUE(run.error);
  EXPECT_TRUE(members(run).empty());
}

TEST(Rar, encrypted_is_opened) {
  const std::vector<RarEntry> entries = {{"x", "ex"}, {"d/y", std::string(300'000, 'y')}};
  for (RarEncryption encryption : {RarEncryption::kNone, RarEncryption::kContent, RarEncryption::kHeaders}) {
    RunOnce run =
        unpack("/archive/rar", make_rar(entries, encryption, "the 'right' one"), {"no", "the 'right' one"});
    EXPECT_FALSE(run.error) << run.error->message;
    EXPECT_EQ(members(run), (Members{{"x", entries[0].bytes}, {"d/y", entries[1].bytes}}));
    EXPECT_TRUE(run.under("/limit").empty());
  }
}

TEST(Rar, that_no_password_opens_is_told) {
  RunOnce run = unpack("/archive/rar", make_rar({{"x", "ex"}}, RarEncryption::kHeaders, "unguessable"));
  EXPECT_FALSE(run.error) << run.error->message;
  EXPECT_TRUE(members(run).empty());
  EXPECT_EQ(json_of(run, "/limit/encrypted")["count"], 1);
}

// libarchive would give the encrypted bytes for the member's.
TEST(Rar, encrypted_is_not_taken_for_content_where_the_program_is_missing) {
  ScratchFolder scratch;
  std::string path = std::getenv("PATH");
  setenv("PATH", scratch.path().c_str(), 1);
  RunOnce run = unpack("/archive/rar", make_rar({{"x", "ex"}}, RarEncryption::kContent, "infected"));
  setenv("PATH", path.c_str(), 1);
  EXPECT_TRUE(members(run).empty());
  auto encrypted = json_of(run, "/limit/encrypted");
  EXPECT_EQ(encrypted["members"], std::vector<std::string>{"x"});
  EXPECT_NE(std::string(encrypted["reason"]).find("apt-get install unar"), std::string::npos);
}

// Nothing wrong comes out as if it were right, also without the program.
TEST(Rar, damaged_at_any_byte_fails_or_gives_what_was_in_it) {
  ScratchFolder scratch;
  const std::string rar = make_rar({{"x", "ex"}, {"y", "why"}});
  const Members all = {{"x", "ex"}, {"y", "why"}};
  std::string path = std::getenv("PATH");
  setenv("PATH", scratch.path().c_str(), 1);
  for (size_t at = 8; at < rar.size(); at++) {
    std::string bytes = rar;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x11);
    RunOnce run = unpack("/archive/rar", bytes);
    bool is_told = run.error || !run.under("/limit").empty();
    for (const auto& [name, content] : members(run)) {
      auto right = all.find(name);
      EXPECT_TRUE(is_told || (right != all.end() && right->second == content)) << at << " " << name;
    }
    EXPECT_TRUE(is_told || !members(run).empty()) << at;
  }
  setenv("PATH", path.c_str(), 1);
}

TEST(Rar, with_a_wrong_checksum_keeps_the_member_and_fails) {
  RunOnce run = unpack("/archive/rar", make_rar({{"x", "ex", true}, {"y", "why"}}));
  EXPECT_TRUE(run.error);
  EXPECT_EQ(members(run), (Members{{"x", "ex"}, {"y", "why"}}));
}

}  // namespace rebus::unarchive_other_test
