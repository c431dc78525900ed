// stringer: the printable strings of programs.
#include "agents/support/text_runs.h"
#include "bus/agent.h"

namespace rebus {
namespace {

constexpr size_t kBufferSize = 64 << 10;  // bytes written at once

class Stringer final : public Agent {
 public:
  Result<void> process(Work& work) override {
    auto strings = strings_of(work);
    if (!strings) return strings.error();
    NewDescriptor item;
    item.descriptor = make_child(work.descriptor(), "stringer", "/strings", *strings, Kind::kText);
    return work.push(std::move(item));
  }

 private:
  // They may be as large as the file: nothing here holds them whole.
  static Result<Value> strings_of(Work& work) {
    auto writer = work.new_value();
    std::string buffer;
    auto flush = [&] {
      auto written = writer->append(as_bytes(buffer));
      buffer.clear();
      return written;
    };
    TextRuns runs([&](std::string_view piece) {
      buffer += piece;
      return buffer.size() < kBufferSize ? Result<void>() : flush();
    });
    auto read = work.value().for_each_chunk([&](Bytes chunk) { return runs.feed(chunk); });
    if (!read) return read.error();
    auto finished = runs.finish();
    if (finished) finished = flush();
    if (!finished) return finished.error();
    return writer->seal();
  }
};

constexpr const char* kHelp =
    R"(Takes objects under /binary. Gives /strings, a text: exactly the lines of `strings -a -n 10`, that is every run of
ten or more printable 7-bit ASCII characters and tabs, one per line, in the order of the file. A file without any
gives an empty text.

Examples:
  rebus_agent stringer inject suspicious.exe -- return --raw /strings
  rebus_agent stringer unarchive inject firmware.tgz -- grep 'https?://')";

}  // namespace

extern const AgentSpec stringer_agent;
const AgentSpec stringer_agent = {
    .name = "stringer",
    .summary = "printable strings of programs",
    .help = kHelp,
    .role = Role::kConsumer,
    .prefixes = {"/binary"},
    .objects_only = true,
    .yields = {"/strings"},
    .make = [](const Setting&) -> std::unique_ptr<Agent> { return std::make_unique<Stringer>(); },
};

}  // namespace rebus
