// libmagic with the rules that the sieve leaves answers as with all of them: on real files, on such that are
// changed or cut, and on files made for each of its rules.
#include "agents/parsers/magic_sieve.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <magic.h>
#include <sys/mman.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "agents/parsers/chosen_magic.h"
#include "agents/parsers/magic_pattern.h"
#include "agents/parsers/utf8_locale.h"
#include "descriptor/escape.h"
#include "descriptor/file_handle.h"
#include "tests/support/scratch_folder.h"

namespace rebus::magic_sieve_test {
namespace {

constexpr int kFlags = MAGIC_NO_CHECK_COMPRESS;
constexpr const char* kDatabase = "/usr/share/misc/magic.mgc";

// With what may be read behind it; until the next call.
std::string_view begin_of(const std::string& bytes) {
  static std::string begin;
  begin = bytes.substr(0, MagicSieve::kBegin);
  const size_t size = begin.size();
  begin.resize(size + MagicSieve::kMore, 'x');
  return std::string_view(begin).substr(0, size);
}

// As a worker has it: a file in memory, of which libmagic reads what it wants.
class BothMagics {
 public:
  BothMagics() : file_(memfd_create("sieve", MFD_CLOEXEC)), all_(magic_open(kFlags)), few_(kFlags) {
    EXPECT_EQ(magic_load(all_.get(), nullptr), 0);
    // The sieve is made after the first files.
    for (int i = 0; i < 16; i++) (void)few_.choose(begin_of("ab"), 2);
  }

  void expect_same(const std::string& bytes, const std::string& what) {
    ASSERT_EQ(ftruncate(file_.get(), 0), 0);
    ASSERT_EQ(pwrite(file_.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    magic_set* few = few_.choose(begin_of(bytes), bytes.size());
    files_++;
    if (few == nullptr) return;
    chosen_++;
    for (int flags : {MAGIC_NONE, MAGIC_MIME_TYPE}) {
      ASSERT_EQ(ask(few, flags), ask(all_.get(), flags))
          << what << ": " << escape(std::string_view(bytes).substr(0, 200));
    }
  }

  double part_chosen() const { return static_cast<double>(chosen_) / static_cast<double>(files_); }

 private:
  std::string ask(magic_set* magic, int flags) const {
    EXPECT_EQ(lseek(file_.get(), 0, SEEK_SET), 0);
    EXPECT_EQ(magic_setflags(magic, kFlags | flags), 0);
    const char* answer = magic_descriptor(magic, file_.get());
    return answer != nullptr ? answer : "ERROR: " + std::string(magic_error(magic));
  }

  Utf8Locale locale_;
  FileHandle file_;
  MagicHandle all_;
  ChosenMagic few_;
  size_t files_ = 0, chosen_ = 0;
};

// Every n-th file of a tree.
void sample(const std::string& root, size_t every, std::vector<std::string>& out) {
  namespace fs = std::filesystem;
  std::vector<std::string> found;
  for (const auto& entry :
       fs::recursive_directory_iterator(root, fs::directory_options::skip_permission_denied)) {
    if (entry.is_regular_file() && !entry.is_symlink() && entry.file_size() < (1 << 20))
      found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  for (size_t i = 0; i < found.size(); i += every) out.push_back(found[i]);
}

std::vector<std::string> real_files() {
  std::vector<std::string> names;
  sample("/usr/bin", 13, names);
  sample("/usr/include", 67, names);
  sample("/usr/share/doc", 41, names);
  sample("/usr/share/perl", 31, names);
  sample("/etc", 7, names);
  return names;
}

std::vector<MagicLine> database_lines() {
  const std::string bytes = file_bytes(kDatabase);
  std::vector<MagicLine> lines(bytes.size() / sizeof(MagicLine));
  std::memcpy(static_cast<void*>(lines.data()), bytes.data(), lines.size() * sizeof(MagicLine));
  return lines;
}

MagicRules rules_of(const std::vector<MagicLine>& lines) {
  auto rules =
      MagicRules::parse({reinterpret_cast<const char*>(lines.data()), lines.size() * sizeof(MagicLine)});
  EXPECT_TRUE(rules.has_value()) << "the database is of a version that is not known here";
  return *std::move(rules);
}

TEST(MagicSieve, RealFilesAreCalledTheSame) {
  BothMagics magics;
  for (const std::string& name : real_files()) magics.expect_same(file_bytes(name), name);
  EXPECT_GT(magics.part_chosen(), 0.95) << "for the others all rules are tried";
}

TEST(MagicSieve, ChangedAndCutFilesAreCalledTheSame) {
  BothMagics magics;
  std::mt19937 random(1);
  const std::vector<std::string> names = real_files();
  for (size_t i = 0; i < names.size(); i += 2) {
    std::string bytes = file_bytes(names[i]);
    if (bytes.empty()) continue;
    for (int change = 0; change < 4; change++) {
      const size_t at = random() % std::min<size_t>(bytes.size(), 600);
      bytes[at] = static_cast<char>(random());
    }
    magics.expect_same(bytes, names[i] + ", changed");
    magics.expect_same(bytes.substr(0, random() % std::min<size_t>(bytes.size(), 9000)), names[i] + ", cut");
    bytes.insert(0, random() % 2 == 0 ? "\xef\xbb\xbf" : "\xe9 ");
    magics.expect_same(bytes, names[i] + ", with something before it");
  }
}

// What the first line of each rule asks for, between zeros or words.
TEST(MagicSieve, FilesMadeForEachRuleAreCalledTheSame) {
  const std::vector<MagicLine> lines = database_lines();
  const MagicRules rules = rules_of(lines);
  ASSERT_GT(rules.size(), 3000U);
  BothMagics magics;
  std::mt19937 random(2);
  for (size_t i = 0; i < rules.size(); i++) {
    const MagicLine& line = rules.rule(i)[0];
    if (line.offset < 0 || line.offset > (70 << 10)) continue;
    std::string value(line.value_text());
    if (value.empty()) value.assign(line.value, 8);
    if (value.size() <= 8)
      std::reverse(value.begin(), value.begin() + (rules.is_for_text(i) ? 0 : random() % 5));
    size_t at = static_cast<size_t>(line.offset);
    if (line.type == MagicLine::kSearch && line.range > 0)
      at += random() % std::min<uint32_t>(line.range, 8000);
    std::string bytes(at, '\0');
    if (rules.is_for_text(i) || i % 2 == 0) {
      for (char& byte : bytes) byte = "some words,\nand more\n"[random() % 21];
    }
    magics.expect_same(bytes + value, "rule " + std::to_string(i));
    magics.expect_same(bytes + value + "\n and behind it\n", "rule " + std::to_string(i));
  }
}

TEST(MagicSieve, TextsForPatternsAreCalledTheSame) {
  BothMagics magics;
  const std::string filler(8100, 'x');
  for (const std::string text : {"export class a {\n",
                                 "const a = require('b')\n",
                                 "module.exports = 1\n",
                                 "P12.3456.7890.1\n",
                                 "(;FF[4]GM[1]SZ[19]",
                                 "\t.globl main\n",
                                 "import java.util;\n",
                                 "import a;b",
                                 "begin 644 file\n",
                                 "CFLAGS = -g\n",
                                 "SUBDIRS \t= a b\n",
                                 ".TH A 1\n",
                                 "\\\" .SH\n",
                                 "1\n00:00:01,000 --> 00:00:02,000\n",
                                 ": word ( a -- b ) dup ;\n",
                                 "0\nSECTION\n",
                                 "#!/usr/bin/awk\nBEGIN { }\n",
                                 "  class Foo\n",
                                 "li:pcb-rnd-conf-v1 {\n",
                                 "MAX=12,13\n",
                                 "%! sisu-1.0\n",
                                 "tEDAx v1\n",
                                 "(defn- x\n",
                                 "<!DOCTYPE  HTML>\n",
                                 "<ScRiPt>",
                                 "<?xml version='1.0'?><!DocType\nsvg>",
                                 "\n=encoding  utf8\n",
                                 "#!  /usr/bin/python3\n",
                                 "#!\t/usr/bin/wish -f\n",
                                 "--- a\n+++ b\n@@ -1 +1 @@\n",
                                 "/* XPM */\n",
                                 "#define a_width 16\n",
                                 "struct a { int b; };\n#include <b>\n",
                                 "\"use strict\"\n",
                                 "say 'a'\n",
                                 "typeof a !== 'b'\n",
                                 "public:\n  virtual void a();\n",
                                 "if __name__ == 'a':\n"}) {
    magics.expect_same(text, text);
    magics.expect_same("first line\n" + text + "last line\n", text);
    for (size_t length = 8060; length < 8100; length += 3) {
      magics.expect_same(filler.substr(0, length) + "\n" + text + filler,
                         text + " at the end of what is seen");
    }
    magics.expect_same(filler + filler + "\n" + text, text + " far away");
  }
}

TEST(MagicSieve, LeavesFewRules) {
  const std::vector<MagicLine> lines = database_lines();
  const MagicRules rules = rules_of(lines);
  MagicSieve sieve(rules);
  const std::string source = file_bytes("/usr/include/stdlib.h"), program = file_bytes("/bin/ls");
  for (const std::string& bytes : {source, program}) {
    auto choice = sieve.choose(begin_of(bytes), bytes.size());
    ASSERT_TRUE(choice.has_value());
    EXPECT_LT(choice->rules.size(), 80U) << "of " << rules.size();
  }
}

TEST(MagicSieve, PlainIsWhatLibmagicReadsAsItStands) {
  for (const char* text :
       {"", "words\n", "\ta\fb\a\b\r\n\x1b[0m", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 \xed\x9f\xbf"}) {
    EXPECT_TRUE(is_plain_text(text, false)) << escape(text);
  }
  for (const char* text : {"\xef\xbb\xbfwords", "+/v8", "\xe4", "a\xc3", "\xc0\xaf", "\xe0\x80\xaf",
                           "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x01", "a\x7f", "\x80"}) {
    EXPECT_FALSE(is_plain_text(text, false)) << escape(text);
  }
  EXPECT_TRUE(is_plain_text(std::string_view("words\0\0", 7), false));
  EXPECT_FALSE(is_plain_text(std::string_view("wor\0ds", 6), false));
  EXPECT_TRUE(is_plain_text("a\xe2\x82", true)) << "cut within a character";
  EXPECT_FALSE(is_plain_text("a\xe2\x82 and more", true));
}

TEST(MagicSieve, TakesRegularExpressionsThatMeanTheSame) {
  EXPECT_EQ(pattern_of_regex(R"(^(CFLAGS|\.PRECIOUS)[[:space:]]+$)"), R"(^(CFLAGS|\.PRECIOUS)[[:space:]]+)");
  EXPECT_EQ(pattern_of_regex(R"([^]\a][0-9]{1,2})"), R"([^]\\a][0-9]{1,2})");
  for (const char* other :
       {R"(\<word)", R"(\bword)", R"((a)\1)", "*a", "a|*b", "a$b", "[[.a.]]", "[a", "a{x}", "a\\"}) {
    EXPECT_EQ(pattern_of_regex(other), std::nullopt) << other;
  }
  EXPECT_EQ(pattern_of_text("<a 1", true), R"(\x3c[aA]\x201)");
}

// The same rules, in files that are no such database any more.
TEST(MagicSieve, OtherDatabasesAreNotTaken) {
  std::vector<MagicLine> lines = database_lines();
  const auto parse = [&](size_t size) {
    return MagicRules::parse({reinterpret_cast<const char*>(lines.data()), size}).has_value();
  };
  const size_t whole = lines.size() * sizeof(MagicLine);
  EXPECT_TRUE(parse(whole));
  EXPECT_FALSE(parse(0));
  EXPECT_FALSE(parse(whole - 1));
  EXPECT_FALSE(parse(whole - sizeof(MagicLine)));
  reinterpret_cast<char*>(lines.data())[4]++;
  EXPECT_FALSE(parse(whole)) << "of another version";
}

}  // namespace
}  // namespace rebus::magic_sieve_test
