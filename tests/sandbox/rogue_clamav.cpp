// rogue_clamav: an engine that was taken over. What it, or its workers, do instead of their work stands in
// the file "rogue" beside it.
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "agents/parsers/parser_messages.h"
#include "agents/parsers/zygote_service.h"

using namespace rebus;

namespace {

std::filesystem::path beside(const char* name) {
  return std::filesystem::read_symlink("/proc/self/exe").replace_filename(name);
}

void write_raw(std::string_view bytes) {
  if (write(STDIN_FILENO, bytes.data(), bytes.size()) < 0) _exit(1);
}

ScanAnswer honest() {
  ScanAnswer answer;
  answer.names = {"Honest-Test"};
  return answer;
}

// How often a worker was asked, of all workers.
int* asked() {
  static void* shared = mmap(nullptr, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return static_cast<int*>(shared);
}

// In the cage there is no sleep.
void wait_a_little() {
  using namespace std::chrono;
  const auto begin = steady_clock::now();
  while (steady_clock::now() - begin < milliseconds(100)) sched_yield();
}

void misbehave(ParserLink& link, const std::string& how) {
  ScanAnswer answer = honest();
  if (how == "dies" || (how == "dies-once" && ++*asked() == 1)) raise(SIGSEGV);
  if (how == "leaves") _exit(3);
  if (how == "silent") (void)link.receive();  // nothing comes
  if (how == "garbage") write_raw(std::string(4096, '\xee'));
  if (how == "trickle") {
    write_raw(std::string("\x1e\0\0\0\xff\0\0\0\0\0\0\0", 12));
    while (true) wait_a_little(), write_raw("x");
  }
  while (how == "greedy" && link.say(ParserWord::kWant, Want{0, 1}) && link.receive()) continue;
  if (how == "hello-again") (void)link.say(ParserWord::kHello, WorkerHello());
  if (how == "wrong-body") (void)link.send(ParserWord::kScanned, "no structure");
  if (how == "long-names") answer.names = {std::string(1 << 20, 'n')};
  if (how == "many-names") answer.names.resize(100'000);
  if (how == "escapes") answer.names = {"a\x1b[2J\n\xff"}, answer.warnings = {"\x1b[2J"};
  if (how == "kills-zygote") kill(getppid(), SIGKILL);
  (void)link.say(ParserWord::kScanned, answer);
}

}  // namespace

int main(int, char** words) {
  std::string how;
  std::ifstream(beside("rogue")) >> how;
  FileHandle control(STDIN_FILENO);
  if (how == "no-hello") return 7;
  ZygoteHello hello{"1.0\x1b[2J", 7, how == "no-signatures" ? "bad \x1b[2J" : ""};
  (void)send_packet(control.get(), how == "wrong-hello" ? "no structure" : pack(hello));
  if (how == "zygote-leaves") return 7;
  *asked() = 0;
  auto serve = [&](ParserLink& link) {
    while (link.receive()) misbehave(link, how);
  };
  const std::chrono::milliseconds rest(how == "rests" ? 100 : 60'000);
  ZygoteService(std::move(control), *sandbox_level_named(words[1]), {}, rest, serve).run();
}
