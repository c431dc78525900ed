#include "tests/support/mutation.h"

#include <gtest/gtest.h>

#include "tests/fuzz/targets.h"
#include "tests/support/pe_maker.h"
#include "tests/support/random_message.h"
#include "tests/support/scratch_folder.h"

// The short walk of what the fuzzers in this folder do for hours: always, and from a seed.
namespace rebus::mutation_test {
namespace {

std::vector<std::string> frames() {
  std::vector<std::string> out;
  RandomMessages random(1);
  for (size_t i = 0; i < 4 * std::variant_size_v<Bodies>; i++) {
    auto frame = encode(random.make(i % std::variant_size_v<Bodies>));
    seal_frame(*frame, {1, 2});
    out.push_back(*std::move(frame));
  }
  return out;
}

void mutate_and_run(std::vector<std::string> seeds, int times, void (*target)(std::string_view)) {
  Mutation mutation(1);
  for (int i = 0; i < times; i++) {
    std::string bytes = seeds[static_cast<size_t>(i) % seeds.size()];
    mutation.apply(bytes, seeds);
    target(bytes);
  }
}

TEST(Mutation, FramesNeverCrashTheCodec) { mutate_and_run(frames(), 20'000, fuzz_frame); }

TEST(Mutation, MessagesWithARightChecksumNeverCrashTheCodec) {
  mutate_and_run(frames(), 100'000, fuzz_message);
}

TEST(Mutation, StructuresNeverCrashUnpacking) {
  std::vector<std::string> seeds;
  for (const std::string& frame : frames()) seeds.emplace_back(open_frame(frame)->body);
  mutate_and_run(seeds, 30'000, fuzz_pack);
}

TEST(Mutation, TextsNeverCrashSelectors) {
  const std::string id(64, 'a');
  mutate_and_run({"/binary/elf/%" + id, "/binary/elf%" + id, "/matrix/tlsh~-1", "default"}, 30'000,
                 fuzz_selector);
}

TEST(Mutation, TextsNeverCrashEscaping) {
  mutate_and_run({"plain", "\\x41\\\\", "\xe2\x82\xac\xf0\x9f\x98\x80", "\x1b[2J\n"}, 100'000, fuzz_escape);
}

// The headers and tables of small programs: most of a larger one is code, where a change changes nothing.
TEST(Mutation, ProgramsNeverCrashTheReadingOfImports) {
  ScratchFolder folder;
  folder.write("a.c", "int puts(const char*); int main(void) { return puts(\"x\"); }\n");
  folder.run("gcc a.c -Wl,--hash-style=sysv -o sysv && gcc a.c -o gnu && gcc -c a.c -o object");
  std::vector<std::string> seeds = {
      pe_importing({{"ws2_32.dll", {"#1", "send"}}, {"kernel32.dll", {"Sleep"}}})};
  for (const char* name : {"sysv", "gnu", "object"}) {
    std::string bytes = file_bytes(folder.at(name));
    seeds.push_back(bytes.substr(0, 4096));
    seeds.push_back(std::move(bytes));
  }
  mutate_and_run(seeds, 30'000, fuzz_imports);
}

TEST(Mutation, TracesNeverCrashTheirReading) {
  const std::string begin =
      "7 1.000001 execve(\"/input/sample\", [\"sample\", \"-x\"], 0x7f /* 3 vars */) = 0\n";
  mutate_and_run(
      {begin + "7 1.000002 openat(AT_FDCWD, \"/tmp/a\\n\\x1b\\\"\", O_WRONLY|O_CREAT, 0600) = 3\n"
               "7 1.000003 clone(child_stack=NULL, flags=SIGCHLD) = 2 /* 8 in strace's PID NS */\n",
       begin + "7 1.000002 wait4(-1,  <unfinished ...>\n8 1.000003 connect(3, {sa_family=AF_INET, "
               "sin_port=htons(80), sin_addr=inet_addr(\"192.0.2.1\")}, 16) = -1 ENETUNREACH (Network is "
               "unreachable)\n"
               "7 1.000004 <... wait4 resumed>[{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, NULL) = 2\n",
       begin + "7 1.000002 --- SIGSEGV {si_signo=SIGSEGV} ---\n7 1.000003 +++ killed by SIGSEGV (core "
               "dumped) +++\n"
               "8 1.000004 +++ exited with 3 +++\n"},
      30'000, fuzz_trace);
}

}  // namespace
}  // namespace rebus::mutation_test
