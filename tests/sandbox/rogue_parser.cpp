// rogue_parser: a worker that was taken over. What it does instead of its work stands in the file "rogue"
// beside it.
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "agents/parsers/parser_link.h"
#include "descriptor/descriptor.h"

using namespace rebus;

namespace {

std::string rogue() {
  std::string word;
  std::ifstream(std::filesystem::read_symlink("/proc/self/exe").replace_filename("rogue")) >> word;
  return word;
}

void write_raw(std::string_view bytes) {
  if (write(STDIN_FILENO, bytes.data(), bytes.size()) < 0) _exit(1);
}

// The member of an archive, and what comes of reading it.
void answer_archive(ParserLink& link, const std::string& how, const ParserFrame& frame) {
  MemberAnswer answer;
  answer.member.emplace();
  answer.member->name = "../../\x1b[2J\n";
  if (how == "wrong-type") answer.member->type = static_cast<ArchiveMember::Type>(200);
  if (frame.word == ParserWord::kOpenArchive) (void)link.say(ParserWord::kOpened, ReaderState());
  if (frame.word != ParserWord::kNext) return;
  if (how == "escapes") answer.state.damage = "bad \x1b[2J\nthing";
  (void)link.say(ParserWord::kMember, answer);
  ReadEnd end;
  if (how == "wrong-end") end.end = static_cast<ContainedBytes::End>(77);
  if (how == "stops-itself") end.end = ContainedBytes::End::kStopped;
  while (how == "endless" && link.say(ParserWord::kBlock, Block{}, as_bytes(std::string(64 << 10, 'x'))))
    continue;
  while (how == "empty" && link.say(ParserWord::kBlock, Block{})) continue;
  (void)link.say(ParserWord::kReadEnd, end);
}

void misbehave(ParserLink& link, const std::string& how, const ParserFrame& frame) {
  if (how == "dies") raise(SIGSEGV);
  if (how == "leaves") _exit(3);
  if (how == "silent") pause();
  if (how == "garbage") write_raw(std::string(4096, '\xee'));
  if (how == "huge") write_raw(std::string("\x17\0\0\0\xff\xff\xff\x7f\0\0\0\0", 12));
  if (how == "half") write_raw(std::string("\x15\0\0\0\xff\0\0\0\0\0\0\0abc", 15)), _exit(0);
  if (how == "greedy") (void)link.say(ParserWord::kWant, Want{0, 1ULL << 40});
  while (how == "insatiable" && link.say(ParserWord::kWant, Want{0, 1 << 20}) && link.receive()) continue;
  if (how == "hello-again") (void)link.say(ParserWord::kHello, WorkerHello());
  if (how == "long-words") (void)link.say(ParserWord::kType, FileType{std::string(1 << 20, 'w'), {}, {}});
  if (how == "wrong-body") (void)link.send(ParserWord::kType, "no structure");
  if (how == "trouble") (void)link.say(ParserWord::kTrouble, Trouble{true, "\x1b[2J\n"});
  answer_archive(link, how, frame);
}

}  // namespace

int main() {
  const std::string how = rogue();
  ParserLink link{FileHandle(STDIN_FILENO)};
  if (how == "no-hello") return 7;
  (void)link.say(ParserWord::kHello, WorkerHello{{}, how == "no-cage" ? "no \x1b[2J cage" : ""});
  while (true) {
    auto frame = link.receive();
    if (!frame) return 0;
    misbehave(link, how, *frame);
  }
}
