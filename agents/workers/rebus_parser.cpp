// rebus_parser: looks at hostile bytes for agents, which start it, speak with it over standard input (a
// socket, agents/parsers/parser_messages.h), and start it again when it died.
//
//   rebus_parser types|containers|signatures LEVEL
//
// What it has to look at is in a file in memory, its standard output, which it can only read; bytes of
// members go through another one, its standard error (agents/parsers/block_ring.h).
//
// It works in the cage of this LEVEL (agents/support/sandbox/cage.h).
#include <unistd.h>

#include <cstdio>
#include <optional>
#include <string_view>

#include "agents/parsers/hash_algorithms.h"
#include "agents/parsers/libarchive_reader.h"
#include "agents/parsers/parser_service.h"
#include "agents/support/sandbox/caged_worker.h"

namespace rebus {
namespace {

constexpr int kUsage = 2;

enum class Work { kTypes, kContainers, kSignatures };

std::optional<Work> work_named(std::string_view word) {
  if (word == "types") return Work::kTypes;
  if (word == "containers") return Work::kContainers;
  if (word == "signatures") return Work::kSignatures;
  return std::nullopt;
}

// OpenSSL reads its configuration when it is used first.
Result<void> prepare_hashes() {
  auto hashes = hash_value(Value::of(""), {"md5"});
  return hashes ? Result<void>() : hashes.error();
}

Result<void> prepare(Work work, std::optional<Magic>& magic, std::optional<BlockWriter>& blocks) {
  if (work == Work::kSignatures) return prepare_hashes();
  if (work == Work::kContainers) return map_blocks(blocks);
  auto loaded = Magic::load();
  if (!loaded) return loaded.error();
  magic = *std::move(loaded);
  return {};
}

std::unique_ptr<ArchiveReader> open_archive(Value value, const std::vector<std::string>& passwords) {
  return std::make_unique<LibarchiveReader>(std::move(value), passwords);
}

int serve(const char* level, Work work) {
  std::optional<Magic> magic;
  std::optional<BlockWriter> blocks;
  return run_caged_worker(
      level, [&] { return prepare(work, magic, blocks); },
      [&](ParserLink& link) {
        ParserService(link, {magic ? &*magic : nullptr, blocks ? &*blocks : nullptr, open_archive}).serve();
      });
}

}  // namespace
}  // namespace rebus

int main(int count, char** words) {
  auto work = rebus::work_named(count == 3 ? words[1] : "");
  int code = work ? rebus::serve(words[2], *work) : -1;
  if (code >= 0) return code;
  std::fputs("rebus_parser: a worker of agents; it takes the words: types|containers|signatures LEVEL\n",
             stderr);
  return rebus::kUsage;
}
