// rebus_mail: takes mails apart for agents, as rebus_parser takes archives apart. It is a program of its own,
// because the library that it needs takes long to load.
//
//   rebus_mail mails LEVEL
#include <cstdio>
#include <cstring>

#include "agents/parsers/mail_reader.h"
#include "agents/parsers/mbox_reader.h"
#include "agents/parsers/parser_service.h"
#include "agents/support/sandbox/caged_worker.h"

namespace rebus {
namespace {

std::unique_ptr<ArchiveReader> open_mail(Value value, const std::vector<std::string>&) {
  if (MboxReader::begins(value)) return std::make_unique<MboxReader>(value);
  return std::make_unique<MailReader>(std::move(value));
}

int serve(const char* level) {
  std::optional<BlockWriter> blocks;
  return run_caged_worker(
      level,
      [&] {
        MailReader::prepare();
        return map_blocks(blocks);
      },
      [&](ParserLink& link) {
        ParserService(link, {nullptr, &*blocks, open_mail}).serve();
      });
}

}  // namespace
}  // namespace rebus

int main(int count, char** words) {
  constexpr int kUsage = 2;
  bool is_right = count == 3 && std::strcmp(words[1], "mails") == 0;
  int code = is_right ? rebus::serve(words[2]) : -1;
  if (code >= 0) return code;
  std::fputs("rebus_mail: a worker of agents; it takes the words: mails LEVEL\n", stderr);
  return kUsage;
}
