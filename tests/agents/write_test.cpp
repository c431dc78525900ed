// write: into which files, whatever the names are.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "agents/support/file_name.h"
#include "agents/support/target_folder.h"
#include "descriptor/escape.h"
#include "tests/support/bus_stage.h"
#include "tests/support/scratch_folder.h"

namespace rebus::write_test {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

// Paths below the folder, sorted.
Lines files_in(const std::string& folder) {
  Lines files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_directory()) files.push_back(fs::relative(entry.path(), folder));
  }
  std::sort(files.begin(), files.end());
  return files;
}

class Write : public testing::Test {
 protected:
  Printed write(const std::string& regex, bool flat = true) {
    Called called{.arguments = {regex}, .options = {{"target-dir", {folder.at("out")}}}};
    if (flat) called.options["flat"] = {};
    return stage.run("write", called);
  }
  std::string content(const std::string& name) { return file_bytes(folder.at("out/" + name)); }

  ScratchFolder folder;
  BusStage stage;
};

TEST_F(Write, names_files_after_labels_in_a_folder_per_uuid) {
  auto archive = stage.inject("a.tgz", "/archive/tar", "tar");
  auto bash = stage.extract(archive, "usr/bin/bash", "/binary/elf", "elf");
  stage.result(bash, "/md5_hash", "m");
  auto printed = write("/binary", false);
  std::string path = bash.uuid.str() + "/a.tgz:usr--bin--bash";
  EXPECT_EQ(files_in(folder.at("out")), Lines{path});
  EXPECT_EQ(content(path), "elf");
  EXPECT_EQ(printed.text, folder.at("out/" + path) + "\n");
}

TEST_F(Write, writes_under_every_name_in_one_folder_if_flat) {
  auto archive = stage.inject("a.tgz", "/archive/tar", "tar");
  stage.extract(archive, "bash", "/binary/elf", "elf");
  stage.extract(archive, "rbash", "/binary/elf", "elf");
  write("5_hash|/binary");
  EXPECT_EQ(files_in(folder.at("out")), (Lines{"a.tgz:bash", "a.tgz:rbash"}));
}

TEST_F(Write, never_overwrites_and_can_be_called_again) {
  stage.inject("same", "/data", "first");
  auto second = stage.inject("same", "/data", "other");
  folder.write("out/theirs", "was here");
  auto third = stage.inject("theirs", "/data", "third");
  Lines expected = {"same", "same~" + second.selector.id()->hex().substr(0, 8), "theirs",
                    "theirs~" + third.selector.id()->hex().substr(0, 8)};
  for (int round = 0; round < 2; round++) {
    auto printed = write("/data");
    EXPECT_EQ(printed.lines().size(), 3u) << "also what is there already";
    EXPECT_EQ(files_in(folder.at("out")), expected);
    EXPECT_EQ(content("same"), "first");
    EXPECT_EQ(content(expected[1]), "other") << "of the same size";
    EXPECT_EQ(content("theirs"), "was here");
    EXPECT_EQ(content(expected[3]), "third");
  }
}

TEST_F(Write, takes_the_whole_id_where_a_part_of_it_is_taken_and_then_gives_up) {
  auto file = stage.inject("f", "/data", "mine");
  std::string id = file.selector.id()->hex();
  folder.write("out/f", "1");
  folder.write("out/f~" + id.substr(0, 8), "2");
  write("/data");
  EXPECT_EQ(content("f~" + id), "mine");
  folder.write("out/f~" + id, "3");
  EXPECT_EQ(write("/data").ended.error().code, Code::kStorage);
  EXPECT_EQ(files_in(folder.at("out")).size(), 3u) << "nothing temporary is left";
}

TEST_F(Write, keeps_hostile_names_inside_of_its_folder) {
  const Lines names = {"..",
                       ".",
                       "../../escape",
                       "/etc/passwd",
                       "--checkpoint-action=exec=sh",
                       std::string("nul\0l", 5),
                       "a\nb\x1b[2J",
                       std::string(4000, 'x'),
                       "\xff\xfe",
                       ""};
  for (size_t i = 0; i < names.size(); i++) stage.inject(names[i], "/data", "value " + std::to_string(i));
  auto printed = write("/data");
  EXPECT_TRUE(printed.ended.ok()) << printed.ended.error().message;
  EXPECT_EQ(files_in(folder.path()).size(), names.size()) << "all of them are under out/";
  EXPECT_EQ(files_in(folder.at("out")).size(), names.size());
  EXPECT_EQ(content("\\x2e\\x2e"), "value 0");
  EXPECT_EQ(content("..--..--escape"), "value 2");
  EXPECT_EQ(content("\\x2d-etc--passwd"), "value 3");
  EXPECT_EQ(content("\\x2d-checkpoint-action=exec=sh"), "value 4") << "no option of a program given *";
  EXPECT_EQ(content("nul\\x00l"), "value 5");
  EXPECT_EQ(content("a\\x0ab\\x1b[2J"), "value 6");
  EXPECT_EQ(printed.text.find('\x1b'), std::string::npos);
}

TEST_F(Write, leaves_raw_names_as_they_are_but_for_what_no_file_can_be_called) {
  const Lines names = {"..", std::string("nul\0/", 5), "a\n\\", "\xff"};
  for (const auto& name : names) stage.inject(name, "/data", name + "!");
  Called called{.arguments = {"/data"}, .options = {{"target-dir", {folder.at("out")}}, {"flat", {}}}};
  called.raw_names = true;
  stage.run("write", called);
  Lines expected = {"\\x2e\\x2e", "a\n\\", "nul\\x00--", "\xff"};
  EXPECT_EQ(files_in(folder.at("out")), expected);
}

TEST_F(Write, follows_no_symbolic_link) {
  folder.write("victim", "untouched");
  fs::create_directories(folder.at("out"));
  fs::create_symlink(folder.at("victim"), folder.at("out/f"));
  fs::create_symlink(folder.at("nowhere"), folder.at("out/g"));
  auto f = stage.inject("f", "/data", "f");
  auto g = stage.inject("g", "/data", "g");
  EXPECT_TRUE(write("/data").ended.ok());
  EXPECT_EQ(file_bytes(folder.at("victim")), "untouched");
  EXPECT_FALSE(fs::exists(folder.at("nowhere")));
  EXPECT_EQ(content("f~" + f.selector.id()->hex().substr(0, 8)), "f");
  EXPECT_EQ(content("g~" + g.selector.id()->hex().substr(0, 8)), "g");
  auto same = stage.inject("same", "/data", "untouched");
  fs::create_symlink(folder.at("victim"), folder.at("out/same"));
  write("/data");
  EXPECT_EQ(content("same~" + same.selector.id()->hex().substr(0, 8)), "untouched") << "the link may go away";
}

TEST_F(Write, refuses_a_uuid_folder_that_leads_elsewhere) {
  auto file = stage.inject("f", "/data", "f");
  fs::create_directories(folder.at("out"));
  fs::create_directories(folder.at("elsewhere"));
  fs::create_directory_symlink(folder.at("elsewhere"), folder.at("out/" + file.uuid.str()));
  EXPECT_EQ(write("/data", false).ended.error().code, Code::kStorage);
  EXPECT_EQ(files_in(folder.at("elsewhere")), Lines{});
}

TEST_F(Write, waits_for_no_pipe_that_has_the_name) {
  fs::create_directories(folder.at("out"));
  ASSERT_EQ(mkfifo(folder.at("out/f").c_str(), 0600), 0);
  auto file = stage.inject("f", "/data", "f");
  write("/data");
  EXPECT_EQ(content("f~" + file.selector.id()->hex().substr(0, 8)), "f");
}

TEST_F(Write, writes_what_is_larger_than_a_message) {
  std::string bytes(5 << 20, 'x');
  bytes += "end";
  stage.inject("large", "/data", bytes);
  write("/data");
  EXPECT_EQ(content("large"), bytes);
}

TEST_F(Write, in_json_names_each_file) {
  stage.inject("a/b", "/data", "x");
  Called called{.arguments = {"/data"},
                .options = {{"target-dir", {folder.at("out")}}, {"flat", {}}},
                .format = "json"};
  auto json = nlohmann::json::parse(stage.run("write", called).text);
  EXPECT_EQ(json["file"], folder.at("out/a--b"));
  EXPECT_EQ(json["names"], nlohmann::json({"a/b"}));
}

TEST_F(Write, refuses_a_target_that_is_no_folder_before_any_work) {
  std::string file = folder.write("file", "x");
  EXPECT_FALSE(declared("write", {.arguments = {"/"}, .options = {{"target-dir", {file}}}}).ok());
  EXPECT_FALSE(declared("write", {.arguments = {"("}, .options = {{"target-dir", {"."}}}}).ok());
  EXPECT_TRUE(declared("write", {.arguments = {"/"}, .options = {{"target-dir", {folder.at("new")}}}}).ok());
}

TEST(FileName, is_short_enough_and_differs_where_names_differ) {
  std::string common(300, 'n');
  std::string one = fitted(common + "1", ""), two = fitted(common + "2", "");
  EXPECT_EQ(one.size(), kMaxFileName);
  EXPECT_NE(one, two);
  EXPECT_EQ(fitted(common + "1", "~12345678").size(), kMaxFileName);
  EXPECT_TRUE(fitted(common + "1", "~12345678").ends_with("~12345678"));
  EXPECT_EQ(fitted(std::string(255, 'n'), ""), std::string(255, 'n'));
}

TEST(FileName, is_cut_between_characters) {
  for (size_t before = 0; before < 4; before++) {
    std::string name(before, 'a');
    while (name.size() < 300) name += "€";
    EXPECT_TRUE(is_utf8(fitted(name, "")));
    EXPECT_LE(fitted(name, "").size(), kMaxFileName);
  }
}

// Reads zeros and counts bytes; the last part cannot be read.
class Broken final : public ValueSource {
 public:
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> buffer) const override {
    if (offset > 0) return Error{Code::kUnavailable, "gone"};
    std::ranges::fill(buffer, uint8_t{0});
    return buffer.size();
  }
};

TEST(TargetFolder, leaves_nothing_of_a_value_that_cannot_be_read_to_its_end) {
  ScratchFolder scratch;
  auto target = TargetFolder::open(scratch.at("new/deep"));
  ASSERT_TRUE(target.ok());
  Value broken(std::make_shared<Broken>(), 3 << 20, Digest());
  EXPECT_EQ(target->place("f", std::string(64, 'a'), broken).error().code, Code::kUnavailable);
  EXPECT_EQ(files_in(scratch.path()), Lines{});
}

// While it is read, somebody else takes the name.
class Overtaken final : public ValueSource {
 public:
  explicit Overtaken(const ScratchFolder& folder) : folder_(folder) {}
  Result<size_t> read_at(uint64_t, std::span<uint8_t> buffer) const override {
    folder_.write("out/f", "theirs");
    std::ranges::fill(buffer, uint8_t{'m'});
    return buffer.size();
  }

 private:
  const ScratchFolder& folder_;
};

TEST(TargetFolder, does_not_overwrite_a_file_that_appears_meanwhile) {
  ScratchFolder scratch;
  auto target = TargetFolder::open(scratch.at("out"));
  ASSERT_TRUE(target.ok());
  Value value(std::make_shared<Overtaken>(scratch), 4, sha256(as_bytes("mmmm")));
  auto placed = target->place("f", std::string(64, 'a'), value);
  ASSERT_TRUE(placed.ok());
  EXPECT_EQ(file_bytes(scratch.at("out/f")), "theirs");
  EXPECT_EQ(file_bytes(*placed), "mmmm");
  EXPECT_EQ(files_in(scratch.at("out")), (Lines{"f", "f~aaaaaaaa"}));
}

TEST(TargetFolder, says_where_it_cannot_write) {
  ScratchFolder scratch;
  scratch.write("file", "");
  auto target = TargetFolder::open(scratch.at("file/sub"));
  ASSERT_FALSE(target.ok());
  EXPECT_EQ(target.error().code, Code::kStorage);
  EXPECT_NE(target.error().message.find("file/sub"), std::string::npos);
}

}  // namespace
}  // namespace rebus::write_test
