// rogue_parser: a worker that was taken over. What it does instead of its work stands in the file "rogue"
// beside it.
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "agents/parsers/block_ring.h"
#include "agents/parsers/parser_link.h"
#include "agents/parsers/signature_messages.h"
#include "agents/parsers/yara_messages.h"
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
  while (how == "endless" && link.say(ParserWord::kBlock, Block{0, 64 << 10}) && link.flush()) continue;
  if (how == "larger-than-the-ring") (void)link.say(ParserWord::kBlock, Block{0, kRingSize + 1});
  while (how == "empty" && link.say(ParserWord::kBlock, Block{})) continue;
  (void)link.say(ParserWord::kReadEnd, end);
}

// Rules that match, where there is nothing of the kind.
RuleAnswer rule_answer(const std::string& how) {
  RuleAnswer answer;
  answer.rules.emplace_back();
  answer.rules.back().name = answer.rules.back().space = "../../\x1b[2J\n";
  answer.rules.back().tags = {"\xff\"\0", std::string(1000, 't')};
  answer.rules.back().metas = {{"\x1b", static_cast<RuleMeta::Type>(77), "\x1b[2J", -1}};
  answer.rules.back().places = {{"$\n", 3, 2}};
  if (how == "far-place") answer.rules.back().places = {{"$a", 5, UINT64_MAX - 2}};
  if (how == "many-places") answer.rules.back().places.resize(kMostPlaces + 1);
  if (how == "many-rules") answer.rules.resize(kMostRules + 1);
  if (how == "many-busy") answer.busy.resize(kMostBusyStrings + 1);
  return answer;
}

void answer_rules(ParserLink& link, const std::string& how, const ParserFrame& frame) {
  static int files = 0;
  if (frame.word == ParserWord::kTellRules) (void)link.say(ParserWord::kRules, RuleSource{"\x1b", 1, "\n"});
  if (frame.word != ParserWord::kTryRules) return;
  if (how == "dies-later" && ++files > 1) raise(SIGSEGV);
  (void)link.say(ParserWord::kTried, rule_answer(how));
}

void answer_signatures(ParserLink& link, const std::string& how, const ParserFrame& frame) {
  if (frame.word != ParserWord::kSign) return;
  static int files = 0;
  if (how == "dies-later" && ++files > 1) raise(SIGSEGV);
  SignatureAnswer answer;
  answer.ssdeep = "3:abc:d";
  answer.tlsh = "T1" + std::string(70, 'A');
  answer.is_program = true;
  answer.imphash = std::string(32, 'a');
  if (how == "bad-ssdeep") answer.ssdeep = "3:\x1b[2J:";
  if (how == "no-ssdeep") answer.ssdeep.clear();
  if (how == "bad-tlsh") answer.tlsh[5] = '\x1b';
  if (how == "bad-imphash") answer.imphash += "a";
  if (how == "damage") answer.damage = Trouble{false, "\x1b[2J\n"};
  (void)link.say(ParserWord::kSigned, answer);
}

void answer_type(ParserLink& link, const std::string& how) {
  static int files = 0;
  if (how == "dies-later" && ++files > 1) raise(SIGSEGV);
  std::string words = "some words";
  if (how == "dies-of-it") {
    FileHandle file = link.take_file();
    words = std::string(5, '\0');
    if (pread(file.get(), words.data(), words.size(), 0) != 5 || words == "crash") raise(SIGSEGV);
  }
  (void)link.say(ParserWord::kType, FileType{words, {}, {}});
}

void misbehave(ParserLink& link, const std::string& how, const ParserFrame& frame) {
  if (frame.word == ParserWord::kTellRules) return answer_rules(link, how, frame);
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
  if (frame.word == ParserWord::kIdentify) return answer_type(link, how);
  answer_archive(link, how, frame);
  answer_rules(link, how, frame);
  answer_signatures(link, how, frame);
}

}  // namespace

int main() {
  const std::string how = rogue();
  ParserLink link(FileHandle(STDIN_FILENO), ParserLink::Files::kTaken);
  if (how == "no-hello") return 7;
  (void)link.say(ParserWord::kHello, WorkerHello{{}, how == "no-cage" ? "no \x1b[2J cage" : ""});
  while (true) {
    auto frame = link.receive();
    if (!frame) return 0;
    misbehave(link, how, *frame);
  }
}
