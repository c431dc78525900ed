// rebus_ssdeep: ssdeep hashes for the agents `signature` and `cluster`, which start it.
//
//   rebus_ssdeep hash LEVEL                  hashes files for an agent that speaks with it over standard
//   input (a
//                                            socket, agents/parsers/signature_messages.h)
//   rebus_ssdeep compare FIRST LEAST LEVEL   reads hashes, a line each, to the end of its input, and compares
//   each
//                                            of the lines from FIRST on, which count from 0, with all before
//                                            it. It writes a line "LINE OTHER SCORE" for those that are at
//                                            least LEAST alike, from 1 to 100.
//
// Before the first byte it enters the cage of this LEVEL (agents/support/sandbox/cage.h).
//
// libfuzzy is under the GNU General Public License, version 2 or later, and so is this program as a whole.
// What of rebus is in it, the cage and the frames that it speaks in, may be used so.
#include <fuzzy.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "agents/parsers/parser_link.h"
#include "agents/parsers/signature_messages.h"
#include "agents/parsers/value_window.h"
#include "agents/support/sandbox/caged_worker.h"

namespace rebus {
namespace {

constexpr int kNoCage = 1, kNoAnswer = 3, kUsage = 5;  // exit codes
constexpr uint64_t kPieceBytes = 1 << 20;

// --- hashes ---

struct FreeState {
  void operator()(fuzzy_state* state) const { fuzzy_free(state); }
};
using State = std::unique_ptr<fuzzy_state, FreeState>;

Error refused(const char* why) { return {Code::kLimit, std::string("ssdeep: ") + why}; }

Result<void> update(fuzzy_state& state, Bytes bytes) {
  return fuzzy_update(&state, bytes.data(), bytes.size()) == 0 ? Result<void>() : refused("no memory");
}

// All bytes of the file, which the agent has.
Result<void> update_by_all(ValueWindow& window, uint64_t size, fuzzy_state& state) {
  std::vector<uint8_t> piece(std::min(kPieceBytes, size));
  Result<void> done;
  for (uint64_t at = 0; done && at < size;) {
    auto count = window.read_at(at, piece);
    if (!count) return count.error();
    at += *count;
    done = update(state, Bytes(piece).first(*count));
  }
  return done;
}

Result<std::string> hash(ValueWindow& window, const SignatureCall& call) {
  State state(fuzzy_new());
  if (!state) return refused("no memory");
  if (fuzzy_set_total_input_length(state.get(), call.size) != 0) return refused("it is too large");
  window.begin(call.size);
  auto done = update_by_all(window, call.size, *state);
  if (!done) return done.error();
  std::array<char, FUZZY_MAX_RESULT + 1> line{};
  if (fuzzy_digest(state.get(), line.data(), 0) != 0) return refused("it is too large");
  return std::string(line.data());
}

// Until the agent is gone, or says what no agent says.
void serve(ParserLink& link) {
  ValueWindow window(link, STDOUT_FILENO);
  while (true) {
    auto frame = link.receive();
    if (!frame || frame->word != ParserWord::kSign) return;
    auto call = unpack<SignatureCall>(frame->body);
    auto made = call ? hash(window, *call) : call.error();
    bool is_lost = !made && made.error().code != Code::kLimit;
    if (is_lost) return;
    SignatureAnswer answer;
    if (made) answer.ssdeep = *made;
    if (!made) answer.damage = Trouble{true, made.error().message};
    auto said = link.say(ParserWord::kSigned, answer);
    if (!said) return;
  }
}

// --- comparing ---

int compare_lines(SandboxLevel level, size_t first, int least) {
  auto layers = enter_cage(level, CageLimits());
  if (!layers) {
    std::cerr << "rebus_ssdeep: " << layers.error().message << '\n';
    return kNoCage;
  }
  std::vector<std::string> hashes;
  for (std::string line; std::getline(std::cin, line);) hashes.push_back(line);
  for (size_t i = first; i < hashes.size(); i++) {
    for (size_t other = 0; other < i; other++) {
      int score = fuzzy_compare(hashes[i].c_str(), hashes[other].c_str());  // -1: that is no hash
      if (score >= least) std::cout << i << ' ' << other << ' ' << score << '\n';
    }
  }
  return std::cout.flush() ? 0 : kNoAnswer;
}

bool read_number(const char* word, unsigned long& number) {
  char* end = nullptr;
  errno = 0;
  number = std::strtoul(word, &end, 10);
  return *word >= '0' && *word <= '9' && *end == '\0' && errno == 0;
}

int explain_usage() {
  std::cerr
      << "rebus_ssdeep: a worker of the agents signature and cluster; it takes the words: hash LEVEL, or: "
         "compare FIRST LEAST LEVEL\n";
  return kUsage;
}

}  // namespace
}  // namespace rebus

int main(int count, char** words) {
  using namespace rebus;
  unsigned long first = 0, least = 0;
  const bool hashes = count == 3 && std::strcmp(words[1], "hash") == 0;
  const bool compares = count == 5 && std::strcmp(words[1], "compare") == 0 && read_number(words[2], first) &&
                        read_number(words[3], least) && least >= 1 && least <= 100;
  auto level = sandbox_level_named(hashes || compares ? words[count - 1] : "");
  if (level && hashes)
    return run_caged_worker(
        words[2], [] { return Result<void>(); }, serve);
  if (level && compares) return compare_lines(*level, first, static_cast<int>(least));
  return explain_usage();
}
