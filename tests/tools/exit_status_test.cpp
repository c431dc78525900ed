// What the programs answer to mistakes and to bad input, by exit code and words.
#include "tools/exit_status.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>

#include "descriptor/descriptor.h"
#include "descriptor/escape.h"
#include "tests/support/archive_maker.h"
#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus::exit_status_test {
namespace {

class ExitStatusTest : public testing::Test {
 protected:
  Finished chain(std::vector<std::string> words) {
    words.insert(words.begin(), "rebus_agent");
    return run(std::move(words), folder_.path());
  }
  // hasher of everything, unarchive, return --short md5_hash
  Finished hash_all(const std::string& file, std::vector<std::string> unarchive_options = {}) {
    std::vector<std::string> words = {"hasher", "--selector-prefix", "/", "unarchive"};
    words.insert(words.end(), unarchive_options.begin(), unarchive_options.end());
    for (const char* word : {"inject", file.c_str(), "--", "return", "--short", "md5_hash"})
      words.emplace_back(word);
    return chain(words);
  }
  ScratchFolder folder_;
};

bool is_clean_for_a_terminal(const std::string& text) {
  for (unsigned char c : text) {
    if ((c < ' ' && c != '\n') || c == 0x7f) return false;
  }
  return is_utf8(text);
}

TEST(ExitStatusOrderTest, TheGravestIsTold) {
  ExitStatus status;
  for (int code : {0, 1, 3, 2, 75, 130}) {
    status.add(code);
    EXPECT_EQ(status.code(), code);
  }
  for (int code : {0, 1, 2, 3, 75}) status.add(code);
  EXPECT_EQ(status.code(), ExitStatus::kInterrupted);
}

TEST_F(ExitStatusTest, UsageErrorsAreTwoAndSaySoOnStandardErrorOnly) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{},
                                             {"nosuchagent"},
                                             {"hasher", "--nosuchoption"},
                                             {"return", "("},
                                             {"--storage", "rocksdb", "hasher"},
                                             {"-m", "nosuch.agents", "hasher"}}) {
    auto done = chain(words);
    EXPECT_EQ(done.exit_code, 2) << testing::PrintToString(words);
    EXPECT_EQ(done.out, "");
    EXPECT_EQ(std::count(done.err.begin(), done.err.end(), '\n'), 1) << done.err;
  }
}

TEST_F(ExitStatusTest, TheMasterSaysWhatItDoesNotKnow) {
  std::map<std::vector<std::string>, std::string> mistakes{
      {{"rebus_master", "--storge", "ram"}, "no option --storge; did you mean --storage?"},
      {{"rebus_master", "--storage"}, "--storage"},
      {{"rebus_master", "zmq", "ram", "x\x1b"}, "one argument too many: x\\x1b"}};
  for (const auto& [words, told] : mistakes) {
    auto done = run(words, folder_.path());
    EXPECT_EQ(done.exit_code, 2);
    EXPECT_NE(done.err.find(told), std::string::npos) << done.err;
    EXPECT_TRUE(done.err.starts_with("rebus_master: ")) << done.err;
    EXPECT_TRUE(is_clean_for_a_terminal(done.err)) << done.err;
    EXPECT_EQ(std::count(done.err.begin(), done.err.end(), '\n'), 1) << done.err;
  }
}

TEST_F(ExitStatusTest, ALimitOfFileSizesIsAnErrorAndNoDeath) {
  folder_.write("big", std::string(9 << 20, 'x'));
  for (const char* storage : {"ram", "rocksdb --path db"}) {
    auto done = shell("ulimit -f 1000; rebus_agent --storage " + std::string(storage) +
                          " hasher --selector-prefix / inject big -- return md5_hash",
                      folder_.path());
    EXPECT_EQ(done.exit_code, 75);
    EXPECT_NE(done.err.find("File too large"), std::string::npos) << done.err;
  }
}

TEST_F(ExitStatusTest, AClosedPipeEndsAListAndNotWhatIsListed) {
  auto done = shell(
      "mkdir in; for i in $(seq 300); do echo $i > in/$i; done; "
      "rebus_agent inject -r in -- write --flat --target-dir out / | head -1 > first; "
      "ls out | grep -c '^in--[0-9]*$'; wc -l < first",
      folder_.path());
  EXPECT_EQ(done.out, "300\n1\n");
}

TEST_F(ExitStatusTest, FilesAreLookedAtWithoutASandboxOnlyIfThatIsSaidAloud) {
  for (const char* level : {"none", "required"}) {
    folder_.write("a.txt", "hello");
    auto done =
        chain({"--sandbox", level, "inject", folder_.at("a.txt"), "--", "return", "--short", "/text"});
    EXPECT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(done.out, "a.txt = hello\n");
    EXPECT_EQ(done.err.find("--sandbox none") != std::string::npos, level == std::string("none")) << done.err;
  }
}

TEST_F(ExitStatusTest, AFileThatIsListedCanBeOpened) {
  folder_.write("odd\nname\\", "x");
  auto done = chain({"-o", "json", "inject", folder_.at("odd\nname\\"), "--", "write", "--flat", "/unknown"});
  std::string file = nlohmann::json::parse(done.out)["file"];
  EXPECT_EQ(file_bytes(folder_.at(file)), "x") << done.out;
}

TEST_F(ExitStatusTest, APatternThatFoundNothingIsTold) {
  folder_.write("a.txt", "hello");
  auto done = chain({"inject", "a.txt", "--", "return", "--short", "md5hash"});
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_EQ(done.err, "return found nothing: no selector matches 'md5hash'\n");
  EXPECT_EQ(chain({"inject", "a.txt", "--", "return", "--short", "/text"}).err, "");
}

TEST_F(ExitStatusTest, ACleanFileIsNotIncompleteBecauseItStoodInABrokenArchive) {
  folder_.run("cp /usr/bin/id id; cp /usr/bin/ls ls; tar -cf t.tar id ls; head -c 60000 t.tar > cut.tar");
  std::vector<std::string> words{"--storage", "rocksdb", "--path", "db",     "hasher", "unarchive",
                                 "inject",    "",        "--",     "return", "md5"};
  std::vector<std::pair<std::string, int>> steps{{"cut.tar", 3}, {"id", 0}, {"cut.tar", 3}};
  for (const auto& [file, code] : steps) {
    words[7] = file;
    auto done = chain(words);
    EXPECT_EQ(done.exit_code, code) << file << done.err;
    EXPECT_EQ(done.err.find("cut.tar: unarchive failed on") != std::string::npos, code == 3) << done.err;
  }
}

TEST_F(ExitStatusTest, ATreeOfAnUnknownNameIsNotFound) {
  folder_.write("a.txt", "hello");
  for (const char* what : {"nosuch", "99"}) {
    auto done = chain({"inject", "a.txt", "--", "tree", what});
    EXPECT_EQ(done.exit_code, 1);
    EXPECT_NE(done.err, "");
  }
}

TEST_F(ExitStatusTest, PagesGoToStandardOutput) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"--help"}, {"hasher", "--help"}, {"--list-agents"}, {"--list-bus-options"}, {"--version"}}) {
    auto done = chain(words);
    EXPECT_EQ(done.exit_code, 0);
    EXPECT_NE(done.out, "");
    EXPECT_EQ(done.err, "");
  }
}

TEST_F(ExitStatusTest, AForgottenSeparatorIsGuessed) {
  folder_.write("a.txt", "hello");
  auto done = chain({"hasher", "inject", "a.txt", "return", "--short", "md5_hash"});
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_NE(done.err.find("no file 'return': did you mean `-- return`?"), std::string::npos) << done.err;
}

TEST_F(ExitStatusTest, AMissingFileIsNamedAndTheOthersAreDone) {
  folder_.write("a.txt", "hello");
  auto done = chain(
      {"hasher", "--selector-prefix", "/", "inject", "missing", "a.txt", "--", "return", "--short", "md5"});
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_EQ(done.out, "a.txt = 5d41402abc4b2a76b9719d911017c592\n");
  EXPECT_NE(done.err.find("missing"), std::string::npos) << done.err;
}

TEST_F(ExitStatusTest, AnEmptyFileIsAFile) {
  folder_.write("empty", "");
  auto done = hash_all("empty");
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_EQ(done.out, "empty = d41d8cd98f00b204e9800998ecf8427e\n");
}

TEST_F(ExitStatusTest, WhatNobodyTookIsSaid) {
  folder_.write("a.txt", "hello");
  auto done = chain({"hasher", "inject", "a.txt"});
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_NE(done.err.find("hasher took 0 of 1: it takes /binary/; --selector-prefix / widens\n"),
            std::string::npos)
      << done.err;
}

TEST_F(ExitStatusTest, ManyThatTookNothingAreSaidOnOneLine) {
  folder_.write("a.txt", "hello");
  auto done = chain({"hasher", "unarchive", "email", "inject", "a.txt"});
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_EQ(done.err,
            "took 0 of 1: hasher, unarchive, email (`rebus_agent AGENT --help` says what each takes)\n");
}

TEST_F(ExitStatusTest, ATruncatedArchiveIsIncompleteAndNamed) {
  std::string archive =
      make_archive("ustar", "gzip", {{"a", std::string(10000, 'a') + random_salt()}, {"b", "b"}});
  folder_.write("cut.tgz", archive.substr(0, archive.size() - 20));
  auto done = hash_all("cut.tgz");
  EXPECT_EQ(done.exit_code, 3);
  EXPECT_NE(done.err.find("cut.tgz"), std::string::npos) << done.err;
}

TEST_F(ExitStatusTest, AWrongPasswordIsIncompleteAndTheRightOneIsNot) {
  folder_.write("secret.zip", make_archive("zip", "none", {{"a", "hello"}}, "unguessable"));
  auto wrong = hash_all("secret.zip", {"--passwords", "wrong"});
  EXPECT_EQ(wrong.exit_code, 3);
  EXPECT_NE(wrong.err.find("secret.zip"), std::string::npos) << wrong.err;
  auto right = hash_all("secret.zip", {"--passwords", "wrong,unguessable"});
  EXPECT_EQ(right.exit_code, 0) << right.err;
  EXPECT_NE(right.out.find("secret.zip:a = 5d41402abc4b2a76b9719d911017c592"), std::string::npos)
      << right.out;
  EXPECT_EQ(wrong.err.find("unguessable") + right.err.find("unguessable"), 2 * std::string::npos);
}

TEST_F(ExitStatusTest, HostileNamesAreEscapedEverywhere) {
  const std::string kName = "a\nb\x1b[2J\xff\\c\xe2\x80\xae";
  folder_.write("names.tar", make_archive("ustar", "none", {{kName, "hello"}}));
  folder_.write(kName, "hello");
  for (const std::string& file : {std::string("names.tar"), kName}) {
    for (const char* format : {"text", "json"}) {
      auto done = chain({"-o", format, "hasher", "--selector-prefix", "/", "unarchive", "inject", file,
                         "missing\x1b]0;", "--", "return", "--short", "md5_hash", "--", "ls"});
      EXPECT_EQ(done.exit_code, 1);
      EXPECT_TRUE(is_clean_for_a_terminal(done.out + done.err)) << escape(done.out + done.err);
      EXPECT_NE(done.out.find("\\x0a"), std::string::npos) << done.out;
    }
  }
}

TEST_F(ExitStatusTest, RawNamesAreGivenByteForByte) {
  const std::string kName = "tab\tname";
  folder_.write(kName, "hello");
  auto done = chain(
      {"hasher", "--selector-prefix", "/", "inject", kName, "--", "return", "--short", "md5", "--raw-names"});
  EXPECT_EQ(done.out, kName + " = 5d41402abc4b2a76b9719d911017c592\n");
}

TEST_F(ExitStatusTest, AClosedPipeIsQuiet) {
  folder_.write("a.txt", "hello");
  auto done = shell(
      "rebus_agent hasher --selector-prefix / inject a.txt a.txt a.txt -- return md5 | true; echo "
      "${PIPESTATUS[0]}",
      folder_.path());
  EXPECT_EQ(done.out, "0\n");
  EXPECT_EQ(done.err, "");
}

TEST_F(ExitStatusTest, AFullDiskBehindStandardOutputIsAnError) {
  if (access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full";
  folder_.write("a.txt", "hello");
  auto done =
      shell("rebus_agent hasher --selector-prefix / inject a.txt -- return md5 > /dev/full", folder_.path());
  EXPECT_EQ(done.exit_code, 75);
  EXPECT_NE(done.err.find("standard output cannot be written"), std::string::npos) << done.err;
}

TEST_F(ExitStatusTest, AStorageThatCannotBeOpenedIsSeventyFive) {
  folder_.write("file", "not a directory");
  auto done = chain({"--storage", "rocksdb", "--path", "file", "ls"});
  EXPECT_EQ(done.exit_code, 75);
  EXPECT_NE(done.err.find("file"), std::string::npos) << done.err;
}

TEST_F(ExitStatusTest, PagesEndAsOutputDoes) {
  EXPECT_EQ(shell("rebus_agent --help | true; echo ${PIPESTATUS[0]}", folder_.path()).out, "0\n");
  if (access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full";
  EXPECT_EQ(shell("rebus_agent --help > /dev/full", folder_.path()).exit_code, 75);
  EXPECT_EQ(shell("rebus_master --version > /dev/full", folder_.path()).exit_code, 75);
}

TEST_F(ExitStatusTest, AClosedStandardFileIsNotTakenForAnother) {
  folder_.write("a.txt", "hello");
  EXPECT_EQ(shell("rebus_agent inject - <&-", folder_.path()).exit_code, 1);
  EXPECT_EQ(shell("rebus_agent hasher --selector-prefix / inject a.txt -- return md5 >&-", folder_.path())
                .exit_code,
            75);
}

TEST_F(ExitStatusTest, AChainWithNothingToWorkOnIsWrongUsage) {
  auto ram = chain({"hasher"});
  EXPECT_EQ(ram.exit_code, 2);
  EXPECT_NE(ram.err.find("--busaddr"), std::string::npos) << ram.err;
  auto typo = chain({"--storage", "rocksdb", "--path", "tpyo", "ls"});
  EXPECT_EQ(typo.exit_code, 2);
  EXPECT_NE(typo.err.find("tpyo"), std::string::npos) << typo.err;
  EXPECT_NE(access(folder_.at("tpyo").c_str(), F_OK), 0) << "it must not be made";
}

TEST_F(ExitStatusTest, AFileIsToldItsOwnFaultEvenIfItIsCalledLikeAnAgent) {
  folder_.write("ls", "\xff\xfe not text");
  auto done = chain({"hasher", "inject", "--printable", "ls", "--", "return", "md5"});
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_EQ(done.err.find("did you mean"), std::string::npos) << done.err;
}

TEST_F(ExitStatusTest, NothingInjectedIsNothingLeft) {
  auto done = chain({"hasher", "inject", "missing", "--", "return", "md5"});
  EXPECT_EQ(done.err.find("took 0"), std::string::npos) << done.err;
}

TEST_F(ExitStatusTest, AnInterruptedChainIsOneHundredThirty) {
  for (int number : {SIGINT, SIGTERM}) {
    ASSERT_EQ(mkfifo(folder_.at("fifo").c_str(), 0600), 0);
    // `cat` never ends, and so inject never does.
    Process chain({"bash", "-c",
                   "exec rebus_agent -v --log-file log hasher inject a - -- return md5 < <(exec cat fifo)"},
                  folder_.path());
    ASSERT_TRUE(eventually([&] { return chain.err().find("cannot inject a") != std::string::npos; }));
    chain.signal(number);
    chain.signal(number);
    EXPECT_EQ(chain.wait().exit_code, 130);
    unlink(folder_.at("fifo").c_str());
  }
}

}  // namespace
}  // namespace rebus::exit_status_test
