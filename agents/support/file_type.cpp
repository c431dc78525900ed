#include "agents/support/file_type.h"

#include "agents/support/sandbox/parser_process.h"
#include "agents/support/sandbox/shared_file.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr size_t kMaxWords = 16 << 10;  // bytes; the worker cuts them, too, if it is what it was
constexpr uint64_t kWholeCopy = 64 << 20;
constexpr uint64_t kEdgeCopy = 16 << 20;
// libmagic takes milliseconds; its worst known cases a second.
constexpr std::chrono::seconds kTypePatience{30};

class TypeWorker {
 public:
  explicit TypeWorker(SharedFile file)
      : file_(std::move(file)), process_("types", kTypePatience, file_.readable()) {}

  Result<FileType> identify(const Value& value) {
    return process_.of_file([&] { return ask(value); });
  }

 private:
  Result<FileType> ask(const Value& value) {
    auto ready = process_.start();
    if (ready) ready = file_.fill_edges(value, value.size() <= kWholeCopy ? value.size() : kEdgeCopy);
    if (ready) ready = process_.send(ParserWord::kIdentify, {});
    auto frame = ready ? process_.receive(Value()) : ready.error();
    if (!frame) return frame.error();
    auto type = frame->word == ParserWord::kType ? unpack<FileType>(frame->body) : process_.misbehaves();
    bool is_good = type && type->words.size() <= kMaxWords && type->mime.size() <= kMaxWords &&
                   type->encoding.size() <= kMaxWords;
    if (is_good || !process_.is_running()) return type;
    return process_.misbehaves();
  }

  SharedFile file_;
  ParserProcess process_;
};

Result<TypeWorker*> worker_of_thread() {
  static thread_local std::unique_ptr<TypeWorker> worker;
  if (worker) return worker.get();
  auto file = SharedFile::make("rebus-file-type");
  if (!file) return file.error();
  worker = std::make_unique<TypeWorker>(*std::move(file));
  return worker.get();
}

}  // namespace

Result<FileType> identify(const Value& value) {
  auto worker = worker_of_thread();
  auto type = worker ? (*worker)->identify(value) : worker.error();
  bool is_its_fault = !type && type.error().code == Code::kFailed;
  if (!is_its_fault) return type;
  return FileType{std::string(kNoType) + type.error().message, "application/octet-stream", "binary"};
}

// This thread may be none that identifies: the worker does not stay.
Result<void> check_file_type_database() { return ParserProcess("types", kTypePatience).start(); }

}  // namespace rebus
