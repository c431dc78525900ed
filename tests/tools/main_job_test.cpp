// The main job by the real program: the MD5 of every file in an archive, as tar and md5sum give them.
#include <gtest/gtest.h>

#include "tests/support/archive_maker.h"
#include "tests/support/elf_archive.h"
#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus::main_job_test {
namespace {

using Lines = std::vector<std::string>;

std::string md5_of(const std::string& path) { return run({"md5sum", path}).out.substr(0, 32); }

class MainJobTest : public testing::Test {
 protected:
  Finished chain(const std::string& words) { return shell("exec rebus_agent " + words, folder_.path()); }
  ScratchFolder folder_;
};

TEST_F(MainJobTest, PrintsWhatTarAndMd5sumSayOfTwoThousandPrograms) {
  pack_files(folder_.at("apt1.tgz"), elf_files(2000 / REBUS_SCALE, 64 << 20));
  auto done = chain("-m rebus_demo.agents hasher unarchive inject apt1.tgz -- return --short md5_hash");
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_EQ(done.err, "");
  EXPECT_EQ(done.sorted_lines(), md5_lines(folder_.at("apt1.tgz"), "apt1.tgz"));
}

TEST_F(MainJobTest, TheOrderOfAgentsAndTheNumberOfInstancesDoNotMatter) {
  pack_files(folder_.at("apt1.tgz"), elf_files(50, 8 << 20));
  auto expected = md5_lines(folder_.at("apt1.tgz"), "apt1.tgz");
  for (const char* words : {"return --short md5_hash inject apt1.tgz -- unarchive hasher",
                            "inject apt1.tgz -- return --short md5_hash hasher unarchive",
                            "--jobs 3 unarchive hasher inject apt1.tgz -- return --short md5_hash",
                            "inject apt1.tgz :: unarchive :: hasher :: return --short md5_hash"}) {
    auto done = chain(words);
    EXPECT_EQ(done.exit_code, 0) << words;
    EXPECT_EQ(done.sorted_lines(), expected) << words;
  }
}

TEST_F(MainJobTest, AFileUnderTwoNamesInOneArchiveIsPrintedUnderBoth) {
  std::string program = file_bytes("/bin/true");
  folder_.write("a.tar", make_archive("ustar", "none", {{"one", program}, {"dir/two", program}}));
  auto done = chain("hasher unarchive inject a.tar -- return --short md5_hash");
  std::string md5 = md5_of("/bin/true");
  EXPECT_EQ(done.sorted_lines(), (Lines{"a.tar:dir/two = " + md5, "a.tar:one = " + md5}));
}

class ArrivalTest : public MainJobTest,
                    public testing::WithParamInterface<std::pair<const char*, const char*>> {};

// Once the second name is known when the hash is made, once it comes long after.
TEST_P(ArrivalTest, AFileUnderTwoNamesInTwoArchivesIsPrintedUnderBoth) {
  auto [first, second] = GetParam();
  std::string program = file_bytes("/bin/true");
  folder_.write("a.tar", make_archive("ustar", "none", {{"one", program}}));
  folder_.write("b.zip", make_archive("zip", "none", {{"two", program}}));
  std::string md5 = md5_of("/bin/true");
  Lines expected = {"a.tar:one = " + md5, "b.zip:two = " + md5};

  std::string agents = "hasher unarchive ", printer = " -- return --short md5_hash";
  auto together = chain(agents + "inject " + first + " " + second + printer);
  EXPECT_EQ(together.sorted_lines(), expected);
  auto in_stages = chain(agents + "inject " + first + " :: inject " + second + printer);
  EXPECT_EQ(in_stages.sorted_lines(), expected);
  for (const char* file : {first, second}) {
    auto done = chain("--storage rocksdb --path db " + agents + "inject " + file + printer);
    EXPECT_EQ(done.exit_code, 0) << done.err;
    if (file == second) {
      EXPECT_EQ(done.sorted_lines(), expected);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Orders, ArrivalTest,
                         testing::Values(std::pair{"a.tar", "b.zip"}, std::pair{"b.zip", "a.tar"}));

TEST_F(MainJobTest, ArchivesInArchivesOfFiveFormatsAreUnpacked) {
  std::string bytes = file_bytes("/bin/true"), name = "true", label;
  const std::tuple<const char*, const char*, const char*> kLayers[] = {{"ustar", "gzip", "1.tgz"},
                                                                       {"zip", "none", "2.zip"},
                                                                       {"newc", "xz", "3.cpio.xz"},
                                                                       {"7zip", "none", "4.7z"},
                                                                       {"iso9660", "none", "5.iso"}};
  for (const auto& [format, filter, file] : kLayers) {
    bytes = make_archive(format, filter, {{name, bytes}});
    label = name + (label.empty() ? "" : ":" + label);
    name = file;
  }
  folder_.write(name, bytes);
  auto done = chain("hasher unarchive inject 5.iso -- return --short md5_hash");
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(done.out, name + ":" + label + " = " + md5_of("/bin/true") + "\n");
}

TEST_F(MainJobTest, StandardInputIsAnInput) {
  auto done = shell("rebus_agent hasher inject - -- return --short md5_hash < /bin/true", folder_.path());
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_NE(done.out.find(md5_of("/bin/true")), std::string::npos) << done.out;
}

TEST_F(MainJobTest, RawPrintsTheVeryBytes) {
  auto done = shell("rebus_agent inject /bin/true -- return --raw /binary | cmp - /bin/true", folder_.path());
  EXPECT_EQ(done.exit_code, 0) << done.err;
}

}  // namespace
}  // namespace rebus::main_job_test
