// rebus_clamav: looks for malware in files for the agent antivirus, which starts it and speaks with it over
// standard input (a socket, agents/parsers/scan_messages.h).
//
//   rebus_clamav LEVEL DATABASE FILE-BYTES SCAN-BYTES FILES LEVELS SECONDS
//
// It loads the signatures of ClamAV from the folder DATABASE, once, and says so. For each worker that it is
// asked for it makes a child, which enters the cage of this LEVEL (agents/support/sandbox/cage.h), with a
// scratch folder, and looks at files, in memory, that it can only read. The numbers are the limits of
// libclamav for one file.
//
// libclamav is under the GNU General Public License, version 2, and so is this program as a whole.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>

#include "agents/parsers/parser_messages.h"
#include "agents/parsers/zygote_service.h"
#include "agents/workers/clamav_engine.h"
#include "descriptor/spool.h"

namespace rebus {
namespace {

constexpr int kUsage = 2;
constexpr uint64_t kWorkMemory = 2ULL << 30;    // bytes, beyond what the signatures take
constexpr uint64_t kMoreScratch = 64ULL << 20;  // bytes, beyond what may be looked at
constexpr std::chrono::minutes kRest{1};
constexpr int kWords = 8;  // with its name

constexpr std::string_view kWarmUps[] = {"text\n", "<html><script>1</script></html>\n", "From: a\n\ntext\n"};

// Of address space, that is there already.
uint64_t memory_in_use() {
  uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

CageLimits cage_limits(const ScanLimits& limits) {
  CageLimits all;
  all.memory = memory_in_use() + kWorkMemory;
  all.scratch = limits.scan_bytes + kMoreScratch;
  return all;
}

// What libraries do when they are needed first, and copies of memory that is shared until it is written to:
// before the worker says that it is ready. On bytes of our own.
Result<void> warm_up(const ClamavEngine& engine) {
  constexpr const char* kName = "warm-up";
  FileHandle file(open(kName, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600));
  if (file.get() < 0)
    return Error{Code::kUnavailable, std::string("temporary files: ") + std::strerror(errno)};
  for (std::string_view bytes : kWarmUps) {
    bool is_empty = ftruncate(file.get(), 0) == 0 && lseek(file.get(), 0, SEEK_SET) == 0;
    auto written = is_empty ? write_all(file.get(), as_bytes(bytes), "temporary files") : Result<void>();
    if (!written) return written;
    (void)engine.scan(file.get());
  }
  unlink(kName);
  return {};
}

void serve(const ClamavEngine& engine, ParserLink& link) {
  if (!warm_up(engine)) return;
  while (true) {
    auto frame = link.receive();
    if (!frame || frame->word != ParserWord::kScan) return;
    auto said = link.say(ParserWord::kScanned, engine.scan(STDOUT_FILENO));
    if (!said) return;
  }
}

int be_zygote(SandboxLevel level, const char* database, const ScanLimits& limits) {
  FileHandle control(STDIN_FILENO);
  tzset();
  auto engine = ClamavEngine::load(database, limits);
  ZygoteHello hello{ClamavEngine::version(), 0, {}};
  if (engine) hello.signatures = engine->signatures();
  if (!engine) hello.trouble = engine.error().message;
  auto said = send_packet(control.get(), pack(hello));
  if (!engine || !said) return 1;
  ZygoteService(std::move(control), level, cage_limits(limits), kRest, [&](ParserLink& link) {
    serve(*engine, link);
  }).run();
  return 0;
}

template <class Number>
bool read_number(const char* word, Number& number) {
  const char* end = word + std::strlen(word);
  auto [at, error] = std::from_chars(word, end, number);
  return error == std::errc() && at == end;
}

int explain_usage() {
  std::fputs(
      "rebus_clamav: a worker of the agent antivirus; it takes the words: LEVEL DATABASE FILE-BYTES "
      "SCAN-BYTES FILES "
      "LEVELS SECONDS\n",
      stderr);
  return kUsage;
}

}  // namespace
}  // namespace rebus

int main(int count, char** words) {
  using namespace rebus;
  if (count != kWords) return explain_usage();
  auto level = sandbox_level_named(words[1]);
  ScanLimits limits;
  bool is_good = level && read_number(words[3], limits.file_bytes) &&
                 read_number(words[4], limits.scan_bytes) && read_number(words[5], limits.files) &&
                 read_number(words[6], limits.levels) && read_number(words[7], limits.seconds);
  if (!is_good) return explain_usage();
  std::signal(SIGXFSZ, SIG_IGN);  // a temporary file that is too large is an error of writing
  return be_zygote(*level, words[2], limits);
}
