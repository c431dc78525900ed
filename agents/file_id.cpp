// file_id: what kind of file an object is, in the words of `file`.
#include "agents/support/file_type.h"
#include "agents/support/sandbox/told_layers.h"
#include "bus/agent.h"
#include "descriptor/json.h"

namespace rebus {
namespace {

class FileId final : public Agent {
 public:
  Result<void> process(Work& work) override {
    FileType type = work.descriptor().file_type;
    if (type == FileType{}) {  // from a producer that did not ask libmagic
      auto found = identify(work.value());
      if (!found) return found.error();
      type = std::move(*found);
    }
    if (type.words.starts_with(kNoType)) return Error{Code::kFailed, type.words.substr(kNoType.size())};
    JsonObject json;
    json.add("description", type.words).add("encoding", type.encoding).add("mime", type.mime);
    return work.push("/file_id", json.str(), Kind::kStructured);
  }
};

}  // namespace

extern const AgentSpec file_id_agent;
const AgentSpec file_id_agent = {
    .name = "file_id",
    .summary = "tells what kind of file an object is",
    .help =
        "Takes every object. Gives /file_id, a structured value: description (the words of `file -b`), mime "
        "and\n"
        "encoding. libmagic ran when the object entered the bus; its answer is hostile text like the file "
        "itself\n"
        "and is escaped.\n"
        "\n"
        "  rebus_agent file_id unarchive inject sample.zip -- return --short file_id",
    .role = Role::kConsumer,
    .prefixes = {"/"},
    .objects_only = true,
    .yields = {"/file_id"},
    .make = [](const Setting&) -> std::unique_ptr<Agent> { return std::make_unique<FileId>(); },
    .declare = [](const Options&, Hello& hello) { return tell_sandbox(hello, check_file_type_database()); },
};

}  // namespace rebus
