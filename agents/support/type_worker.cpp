#include "agents/support/type_worker.h"

#include <vector>

#include "agents/support/file_type.h"

namespace rebus {
namespace {

constexpr size_t kMaxWords = 16 << 10;  // bytes; the worker cuts them, too, if it is what it was
constexpr uint64_t kWholeCopy = 64 << 20;
constexpr uint64_t kEdgeCopy = 16 << 20;

using IdleWorkers = std::vector<std::unique_ptr<TypeWorker>>;

IdleWorkers& idle_workers() {
  static thread_local IdleWorkers idle;
  return idle;
}

}  // namespace

Result<std::unique_ptr<TypeWorker>> TypeWorker::take() {
  IdleWorkers& idle = idle_workers();
  if (!idle.empty()) {
    auto last = std::move(idle.back());
    idle.pop_back();
    return last;
  }
  auto file = SharedFile::make("rebus-file-type");
  if (!file) return file.error();
  return std::unique_ptr<TypeWorker>(new TypeWorker(*std::move(file)));
}

void TypeWorker::give_back(std::unique_ptr<TypeWorker> idle) { idle_workers().push_back(std::move(idle)); }

TypeWorker::TypeWorker(SharedFile file)
    : file_(std::move(file)),
      process_(worker_program("rebus_parser", "types"), kTypePatience, file_.readable()) {}

void TypeWorker::begin(const Value& value) {
  process_.begin_file();
  begun_ = send(value);
}

Result<FileType> TypeWorker::end(const Value& value) {
  auto type = begun_ ? receive() : begun_.error();
  if (process_.was_spoilt(type)) {
    begin(value);
    type = begun_ ? receive() : begun_.error();
  }
  bool is_its_fault = !type && type.error().code == Code::kFailed;
  if (!is_its_fault) return type;
  return FileType{std::string(kNoType) + type.error().message, "application/octet-stream", "binary"};
}

Result<void> TypeWorker::send(const Value& value) {
  auto ready = process_.start();
  if (ready) ready = file_.fill_edges(value, value.size() <= kWholeCopy ? value.size() : kEdgeCopy);
  if (ready) ready = process_.send(ParserWord::kIdentify, {});
  return ready ? process_.flush() : ready;
}

Result<FileType> TypeWorker::receive() {
  auto frame = process_.receive(Value());
  if (!frame) return frame.error();
  auto type = frame->word == ParserWord::kType ? unpack<FileType>(frame->body) : process_.misbehaves();
  bool is_good = type && type->words.size() <= kMaxWords && type->mime.size() <= kMaxWords &&
                 type->encoding.size() <= kMaxWords;
  if (is_good || !process_.is_running()) return type;
  return process_.misbehaves();
}

}  // namespace rebus
