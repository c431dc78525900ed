// What identify() says is what `file` says, on real files of this machine.
#include "agents/support/file_type.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <thread>

#include "agents/support/type_queue.h"
#include "descriptor/escape.h"
#include "descriptor/spool.h"
#include "tests/support/archive_maker.h"
#include "tests/support/scratch_folder.h"

namespace rebus::file_type_test {
namespace {

// Every n-th regular file of a tree, so that the choice is the same at every run. Files whose mode makes
// `file` say more than the bytes do (setuid, setgid, sticky) are left out.
void sample(const std::string& root, size_t every, size_t most, std::vector<std::string>& out) {
  namespace fs = std::filesystem;
  std::vector<std::string> found;
  for (auto it = fs::recursive_directory_iterator(root, fs::directory_options::skip_permission_denied);
       it != fs::recursive_directory_iterator(); ++it) {
    if (!it->is_regular_file() || it->is_symlink() || it->file_size() > (8 << 20)) continue;
    if ((it->status().permissions() & (fs::perms::set_uid | fs::perms::set_gid)) != fs::perms::none) continue;
    found.push_back(it->path());
  }
  std::sort(found.begin(), found.end());
  for (size_t i = 0; i < found.size() && i / every < most; i += every) out.push_back(found[i]);
}

std::vector<std::string> real_files() {
  std::vector<std::string> files;
  sample("/usr/bin", 11, 100, files);
  sample("/usr/lib/x86_64-linux-gnu", 47, 70, files);
  sample("/usr/include", 149, 80, files);
  sample("/etc", 11, 60, files);
  sample("/usr/share/doc", 13, 40, files);
  sample("/usr/share/perl", 41, 40, files);
  return files;
}

struct Known {
  std::string path;
  FileType type;  // by identify()
};

// Identified once for all tests.
const std::vector<Known>& known_files() {
  static const std::vector<Known> known = [] {
    std::vector<Known> all;
    for (const std::string& path : real_files()) {
      auto type = identify(Value::of(file_bytes(path)));
      EXPECT_TRUE(type.ok()) << path;
      if (type) all.push_back({path, *type});
    }
    return all;
  }();
  return known;
}

std::vector<std::string> answers_of_file(const std::string& option, const std::vector<Known>& files) {
  ScratchFolder scratch;
  std::string list;
  for (const Known& file : files) list += file.path + "\n";
  scratch.write("list", list);
  std::istringstream lines(scratch.run("file " + option + " -f list"));
  std::vector<std::string> answers;
  for (std::string line; std::getline(lines, line);) answers.push_back(line);
  return answers;
}

void expect_like_file(const std::string& option, std::string FileType::*field) {
  const std::vector<Known>& files = known_files();
  ASSERT_GT(files.size(), 300u);
  std::vector<std::string> expected = answers_of_file(option, files);
  ASSERT_EQ(expected.size(), files.size());
  size_t different = 0;
  for (size_t i = 0; i < files.size(); i++) {
    if (files[i].type.*field == expected[i]) continue;
    different++;
    std::cout << files[i].path << "\n  file:  " << expected[i] << "\n  rebus: " << files[i].type.*field
              << "\n";
  }
  EXPECT_LE(different * 200, files.size()) << different << " of " << files.size();
}

TEST(FileType, WordsAreThoseOfFile) { expect_like_file("-b", &FileType::words); }

TEST(FileType, MimeTypeIsThatOfFile) { expect_like_file("-b --mime-type", &FileType::mime); }

TEST(FileType, EncodingIsThatOfFile) { expect_like_file("-b --mime-encoding", &FileType::encoding); }

TEST(FileType, CallsPositionIndependentProgramsByTheirName) {
  auto type = identify(Value::of(file_bytes("/bin/ls")));
  ASSERT_TRUE(type.ok());
  EXPECT_TRUE(type->words.starts_with("ELF 64-bit LSB pie executable, ")) << type->words;
  EXPECT_TRUE(type->words.ends_with("stripped")) << type->words;
  EXPECT_EQ(type->mime, "application/x-pie-executable");
  EXPECT_EQ(type->encoding, "binary");
}

TEST(FileType, IsTheSameForMemoryFileAndStore) {
  std::string bytes = file_bytes("/bin/ls");
  auto in_memory = identify(Value::of(bytes));
  int fd = open("/bin/ls", O_RDONLY | O_CLOEXEC);
  auto in_file = identify(file_value(fd, bytes.size(), sha256(as_bytes(bytes))));
  Spool spool({.per_value = 1 << 20, .in_all = 0});  // into its overflow file
  auto writer = spool.create();
  ASSERT_TRUE(writer->append(as_bytes(bytes)).ok());
  auto in_spool = identify(*writer->seal());
  ASSERT_TRUE(in_memory.ok() && in_file.ok() && in_spool.ok());
  EXPECT_EQ(*in_memory, *in_file);
  EXPECT_EQ(*in_memory, *in_spool);
}

// Bytes that are computed, not held: stands for a large value on the other side of a bus.
class PaddedSource final : public ValueSource {
 public:
  PaddedSource(std::string head, uint64_t padding, std::string tail)
      : head_(std::move(head)), tail_(std::move(tail)), tail_start_(head_.size() + padding) {}
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> buffer) const override {
    bool in_padding = offset >= head_.size() && offset + buffer.size() <= tail_start_;
    if (in_padding) std::fill(buffer.begin(), buffer.end(), 0);
    for (size_t i = 0; !in_padding && i < buffer.size(); i++) buffer[i] = at(offset + i);
    return buffer.size();
  }
  uint64_t size() const { return tail_start_ + tail_.size(); }

 private:
  uint8_t at(uint64_t offset) const {
    if (offset < head_.size()) return static_cast<uint8_t>(head_[offset]);
    return offset < tail_start_ ? 0 : static_cast<uint8_t>(tail_[offset - tail_start_]);
  }
  std::string head_, tail_;
  uint64_t tail_start_;
};

// An ELF file whose section headers, 70 MiB on, say that it is not stripped.
TEST(FileType, FindsSectionHeadersAtTheEndOfALargeValue) {
  ScratchFolder scratch;
  scratch.write("a.s", ".globl main\nmain: ret\n.data\n.fill 73400320,1,0\n");
  scratch.run("as -o a.o a.s");
  std::string bytes = file_bytes(scratch.at("a.o"));
  std::string words = scratch.run("file -b a.o");
  size_t head = 4096, tail = bytes.size() - (70 << 20);
  auto source = std::make_shared<PaddedSource>(bytes.substr(0, head), bytes.size() - head - tail,
                                               bytes.substr(bytes.size() - tail));
  auto type = identify(Value(source, source->size(), Digest()));
  ASSERT_TRUE(type.ok());
  EXPECT_EQ(type->words + "\n", words);
}

TEST(FileType, OfNothingIsEmpty) {
  auto type = identify(Value());
  ASSERT_TRUE(type.ok());
  EXPECT_EQ(*type, (FileType{"empty", "inode/x-empty", "binary"}));
}

// A bomb in gzip is named, never unpacked.
TEST(FileType, NeverUnpacks) {
  auto type = identify(Value::of(compress("gzip", std::string(1 << 20, '\0'))));
  ASSERT_TRUE(type.ok());
  EXPECT_TRUE(type->words.starts_with("gzip compressed data")) << type->words;
  EXPECT_EQ(type->mime, "application/gzip");
}

TEST(FileType, HostileWordsStayBytes) {
  std::string bytes = "#!/usr/bin/<img src=x onerror=alert(1)>\x1b[2J\necho\n";
  auto type = identify(Value::of(bytes));
  ASSERT_TRUE(type.ok());
  EXPECT_NE(type->words.find("<img src=x"), std::string::npos) << type->words;
  EXPECT_EQ(type->words.find('\x1b'), std::string::npos);
}

// Numbers, little-endian.
template <class Number>
std::string number(Number value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

// As many headers as there can be, each a note that has all of the others' bytes.
std::string elf_of_notes() {
  constexpr uint16_t kMost = 0xffff;
  std::string bytes = file_bytes("/bin/ls").substr(0, 64);
  bytes.replace(32, 8, number<uint64_t>(64)).replace(40, 8, number<uint64_t>(64));
  bytes.replace(56, 2, number(kMost)).replace(60, 2, number(kMost));
  const std::string header = number<uint32_t>(4) + number<uint32_t>(4) + number<uint64_t>(64) +
                             number<uint64_t>(0) + number<uint64_t>(0) + number<uint64_t>(3 << 20) +
                             number<uint64_t>(3 << 20) + number<uint64_t>(4);
  for (int i = 0; i < kMost; i++) bytes += header;
  return bytes;
}

// An OLE file in which each sector of a table and a directory is followed by itself.
std::string ole_in_a_circle() {
  std::string header = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + std::string(16, '\0');
  header += number<uint16_t>(0x3e) + number<uint16_t>(3) + number<uint16_t>(0xfffe) + number<uint16_t>(9) +
            number<uint16_t>(6) + std::string(10, '\0');
  header += number<uint32_t>(1) + number<uint32_t>(1) + number<uint32_t>(0) + number<uint32_t>(4096) +
            number<uint32_t>(1) + number<uint32_t>(1) + number<uint32_t>(0) + number<uint32_t>(1);
  header += number<uint32_t>(0);
  header.resize(512, '\xff');
  std::string table;
  for (uint32_t i = 0; i < 128; i++) table += number(i);
  return header + table + std::string(512, 'R');
}

TEST(FileType, OfHostileStructuresIsThatOfFile) {
  ScratchFolder scratch;
  const std::string der = [] {
    std::string bytes;
    for (int i = 0; i < 100'000; i++) bytes += "\x30\x80";
    return bytes;
  }();
  for (const std::string& bytes : {elf_of_notes(), ole_in_a_circle(), der, std::string(7 << 20, '\n'),
                                   std::string("x"), std::string(1, '\0')}) {
    scratch.write("sample", bytes);
    auto type = identify(Value::of(bytes));
    ASSERT_TRUE(type.ok());
    EXPECT_EQ(escape(type->words), escape(unescape(type->words))) << type->words;
    EXPECT_EQ(type->words + "\n", scratch.run("chmod +x sample && file -b sample"));
  }
}

// Most answers "binary" are given without libmagic: not for what it calls otherwise.
TEST(FileType, EncodingOfZerosAndMarksIsThatOfFile) {
  using namespace std::string_literals;
  const std::string text = "several words\n", wide = "s\0e\0v\0e\0n\0\n\0"s,
                    wider = "s\0\0\0e\0\0\0\n\0\0\0"s;
  ScratchFolder scratch;
  for (const std::string& bytes : {"\xff\xfe" + wide,
                                   "\xfe\xff\0"s + wide,
                                   "\xff\xfe\0\0"s + wider,
                                   "\0\0\xfe\xff\0\0\0"s + wider,
                                   wide,
                                   "\0"s + wide,
                                   wider,
                                   "\xef\xbb\xbf" + text,
                                   "\xef\xbb\xbf" + text + "\0"s + text,
                                   text + "\0"s + text,
                                   text + "\0"s,
                                   text + std::string(5000, '\0'),
                                   "\0"s + text,
                                   "\0\0\0"s,
                                   "\0"s,
                                   "\xff\xfe" + text + "\0"s + text,
                                   "\xfe\xff" + text,
                                   "\0\0\xfe\xff"s + text,
                                   "gr\xc3\xbc\xc3\x9f" + text,
                                   "gr\xc3\xbc\xc3\x9f\0"s + text,
                                   "gr\xfc\xdf" + text,
                                   "gr\xfc\xdf" + text + "\0"s,
                                   "\x93\x84\0\x40"s + text}) {
    scratch.write("sample", bytes);
    auto type = identify(Value::of(bytes));
    ASSERT_TRUE(type.ok());
    EXPECT_EQ(type->encoding + "\n", scratch.run("file -b --mime-encoding sample"))
        << escape(bytes.substr(0, 60));
  }
}

// Larger than the cage has memory, and than 32 bits.
TEST(FileType, OfTheLargestIsThatOfTheirBegin) {
  auto source = std::make_shared<PaddedSource>(
      "\x7f"
      "ELF\2\1\1",
      5ULL << 30, "end");
  auto type = identify(Value(source, source->size(), Digest()));
  ASSERT_TRUE(type.ok());
  EXPECT_TRUE(type->words.starts_with("ELF 64-bit LSB")) << type->words;
}

TEST(FileType, EveryThreadHasItsOwnDatabase) {
  Value value = Value::of(file_bytes("/bin/ls"));
  auto expected = identify(value);
  std::vector<std::thread> threads;
  std::atomic<int> equal{0};
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&] {
      auto type = identify(value);
      if (type.ok() && *type == *expected) equal++;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(equal, 4);
}

// --- several at a time ---

TEST(TypeQueue, GivesTheSameTypesInTheOrderInWhichTheyWereAsked) {
  TypeQueue queue;
  size_t next = 0;
  const auto& known = known_files();
  for (const Known& file : known) {
    auto asked = queue.ask(Value::of(file_bytes(file.path)), [&](const Result<FileType>& type) {
      EXPECT_EQ(type->words, known[next].type.words) << known[next].path;
      EXPECT_EQ(type->mime, known[next].type.mime) << known[next].path;
      next++;
      return Result<void>();
    });
    ASSERT_TRUE(asked.ok());
  }
  EXPECT_LT(next, known.size()) << "the last were waited for";
  EXPECT_TRUE(queue.finish().ok());
  EXPECT_EQ(next, known.size());
}

TEST(TypeQueue, DropsWhatIsBehindAnError) {
  TypeQueue queue;
  int called = 0;
  auto refuse = [&](const Result<FileType>&) -> Result<void> {
    called++;
    return Error{Code::kLimit, "no more"};
  };
  auto asked = queue.ask(Value::of("one"), refuse);
  ASSERT_TRUE(asked.ok());
  asked = queue.ask(Value::of("two"), refuse);
  auto finished = asked.ok() ? queue.finish() : asked;
  ASSERT_FALSE(finished.ok());
  EXPECT_EQ(finished.error().message, "no more");
  EXPECT_TRUE(queue.finish().ok());
  EXPECT_EQ(called, 1);
}

// An answer that nobody takes is not taken for one to what is asked next.
TEST(TypeQueue, LeavesNothingBehindWhenItIsDropped) {
  for (int i = 0; i < 3; i++) {
    TypeQueue dropped;
    ASSERT_TRUE(
        dropped.ask(Value::of("#!/bin/sh\n"), [](const Result<FileType>&) { return Result<void>(); }).ok());
  }
  EXPECT_EQ(identify(Value::of("<html>"))->mime, "text/html");
}

// In its own thread: the database is loaded once per thread.
TEST(FileType, MissingDatabaseIsAClearError) {
  setenv("MAGIC", "/nonexistent/magic.mgc", 1);
  Result<std::vector<std::string>> checked = std::vector<std::string>();
  std::thread([&] { checked = check_file_type_database(); }).join();
  unsetenv("MAGIC");
  ASSERT_FALSE(checked.ok());
  EXPECT_NE(checked.error().message.find("libmagic-mgc"), std::string::npos) << checked.error().message;
  EXPECT_NE(checked.error().message.find("/nonexistent/magic.mgc"), std::string::npos)
      << checked.error().message;
}

TEST(FileType, DamagedOrOldDatabaseIsAClearError) {
  ScratchFolder scratch;
  const std::string good = file_bytes("/usr/lib/file/magic.mgc");
  std::string old = good;
  old[4] = 1;  // its version
  for (const std::string& bytes : {good.substr(0, 1000), old, std::string()}) {
    setenv("MAGIC", scratch.write("magic.mgc", bytes).c_str(), 1);
    auto checked = check_file_type_database();
    unsetenv("MAGIC");
    ASSERT_FALSE(checked.ok()) << bytes.size();
    EXPECT_NE(checked.error().message.find(scratch.at("magic.mgc")), std::string::npos)
        << checked.error().message;
  }
}

}  // namespace
}  // namespace rebus::file_type_test
