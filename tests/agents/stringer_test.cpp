// stringer: the lines of `strings -a -n 10`, byte for byte.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <random>
#include <sstream>

#include "agents/support/text_runs.h"
#include "descriptor/spool.h"
#include "tests/support/run_once.h"
#include "tests/support/scratch_folder.h"

namespace rebus::stringer_test {
namespace {

std::string runs_of(std::string_view bytes, size_t piece) {
  std::string out;
  TextRuns runs([&](std::string_view text) -> Result<void> {
    out += text;
    return {};
  });
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    EXPECT_TRUE(runs.feed(as_bytes(bytes.substr(0, piece))).ok());
  }
  EXPECT_TRUE(runs.finish().ok());
  return out;
}

std::string binutils_strings(const std::string& path) {
  FILE* pipe = popen(("LC_ALL=C strings -a -n 10 '" + path + "'").c_str(), "r");
  std::string out;
  char buffer[1 << 16];
  for (size_t count; (count = fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, count);
  EXPECT_EQ(pclose(pipe), 0) << "binutils is needed";
  return out;
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

// What the agent pushes for these bytes, which come in chunks (a spool without memory has them in a file).
std::string stringer_of(const std::string& bytes) {
  auto writer = Spool({.per_value = 0, .in_all = 0}).create();
  EXPECT_TRUE(writer->append(as_bytes(bytes)).ok());
  auto object = make_object(Domain(), "/binary/elf", "f", *writer->seal(), "inject");
  auto once = run_once(*find_agent("stringer"), object);
  EXPECT_FALSE(once.error.has_value());
  auto strings = once.under("/strings");
  EXPECT_EQ(strings.size(), 1u);
  EXPECT_EQ(strings.at(0).descriptor.kind, Kind::kText);
  return *strings.at(0).descriptor.value.load(UINT64_MAX);
}

struct Case {
  const char* what;
  std::string bytes, lines;
};

TEST(TextRuns, are_runs_of_ten_or_more_printable_characters) {
  const Case cases[] = {
      {"nothing", "", ""},
      {"nine are too few", std::string("123456789\0", 10), ""},
      {"ten are enough", std::string("\0001234567890\1", 12), "1234567890\n"},
      {"the end of the file ends a run", "12345678901", "12345678901\n"},
      {"tab and space count", "\n\t 234567890\n", "\t 234567890\n"},
      {"newline, return, form feed do not", "12345\r67890\n12345\f67890\v", ""},
      {"DEL and 8 bits do not",
       "12345\x7f"
       "67890 \xc3\xa9"
       "1234567890",
       "1234567890\n"},
      {"tilde is the last", "~~~~~~~~~~\x7f", "~~~~~~~~~~\n"},
      {"each has its line", std::string("aaaaaaaaaa\0\0bbbbbbbbbb\0cc", 25), "aaaaaaaaaa\nbbbbbbbbbb\n"},
      {"UTF-16 is none", std::string("a\0b\0c\0d\0e\0f\0g\0h\0i\0j\0k\0", 22), ""},
  };
  for (const Case& c : cases) {
    for (size_t piece : {1, 2, 3, 7, 9, 10, 11, 1000}) EXPECT_EQ(runs_of(c.bytes, piece), c.lines) << c.what;
  }
}

TEST(TextRuns, are_those_of_binutils_for_random_bytes_in_pieces_of_any_size) {
  ScratchFolder folder;
  for (uint32_t seed = 1; seed <= 30; seed++) {
    std::mt19937 random(seed);
    std::string bytes;
    for (int i = 0; i < 5000; i++) {
      bytes += random() % 12 == 0 ? static_cast<char>(random()) : static_cast<char>(' ' + random() % 95);
    }
    std::string path = folder.path() + "/random";
    std::ofstream(path, std::ios::binary) << bytes;
    EXPECT_EQ(runs_of(bytes, 1 + random() % 30), binutils_strings(path)) << "seed " << seed;
  }
}

TEST(Stringer, gives_the_lines_of_binutils_for_real_programs) {
  for (const char* path : {"/bin/bash", "/bin/ls", "/usr/bin/strings", "/bin/tar"}) {
    std::string bytes = content_of(path);
    ASSERT_FALSE(bytes.empty()) << path;
    EXPECT_EQ(stringer_of(bytes), binutils_strings(path)) << path;
  }
}

TEST(Stringer, gives_a_run_across_the_borders_of_chunks_as_one_line) {
  std::string run(3 * Value::kChunkSize + 5, 'x');
  EXPECT_EQ(stringer_of(std::string(1, '\0') + run + '\0'), run + "\n");
  std::string late = std::string(Value::kChunkSize - 4, '\0') + "0123456789abc";
  EXPECT_EQ(stringer_of(late), "0123456789abc\n");
}

TEST(Stringer, gives_an_empty_text_where_nothing_is_printable) { EXPECT_EQ(stringer_of("\1\2\3"), ""); }

TEST(Stringer, takes_binaries_and_no_results) {
  const AgentSpec& spec = *find_agent("stringer");
  EXPECT_TRUE(run_once(spec, object_of("/binary/pe", "f", "x")).wanted);
  EXPECT_FALSE(run_once(spec, object_of("/text/ascii", "f", "x")).wanted);
  auto result = make_child(object_of("/binary/pe", "f", "x"), "unpacker", "/binary/pe", Value::of("y"));
  EXPECT_FALSE(run_once(spec, result).wanted);
}

}  // namespace
}  // namespace rebus::stringer_test
