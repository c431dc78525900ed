#include "agents/support/type_worker.h"

#include <algorithm>
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

bool TypeWorker::is_any_idle() { return !idle_workers().empty(); }

TypeWorker::TypeWorker(SharedFile file)
    : file_(std::move(file)),
      process_(worker_program("rebus_parser", "types"), kTypePatience, file_.readable()) {}

// It reads a copy when it comes to it: there is one.
bool TypeWorker::can_take(const Value& value) const {
  auto needs_copy = [](const Value& each) { return each.source().sealed_file() < 0; };
  if (asked_.empty()) return true;
  return asked_.size() < kMostUnderWay && process_.can_go_on() && !needs_copy(value) &&
         !needs_copy(asked_.back());
}

void TypeWorker::begin(Value value) {
  asked_.push_back(std::move(value));
  if (asked_.size() == 1) sent_ = {};
  send(asked_.back());
}

Result<FileType> TypeWorker::end() {
  auto type = answer_of_first();
  asked_.pop_front();
  bool is_its_fault = !type && type.error().code == Code::kFailed;
  if (!is_its_fault) return type;
  return FileType{std::string(kNoType) + type.error().message, "application/octet-stream", "binary"};
}

// If the worker dies of it, or of what it had seen before, it is asked about this one alone, and then about
// the others again.
Result<FileType> TypeWorker::answer_of_first() {
  auto ask_again = [this](auto begin, auto end) {
    sent_ = {};
    std::for_each(begin, end, [this](const Value& value) { send(value); });
  };
  auto answer = [this] { return sent_ || process_.is_running() ? receive() : sent_.error(); };
  auto type = answer();
  bool is_alone = process_.was_spoilt(type);
  if (is_alone) {
    ask_again(asked_.begin(), asked_.begin() + 1);
    type = answer();
  }
  if (is_alone || !process_.is_running()) ask_again(asked_.begin() + 1, asked_.end());
  return type;
}

// After what was not sent nothing is.
void TypeWorker::send(const Value& value) {
  process_.begin_file();
  if (sent_) sent_ = try_to_send(value);
}

Result<void> TypeWorker::try_to_send(const Value& value) {
  auto ready = process_.start();
  auto handed = ready ? process_.hand(value) : ready.error();
  if (!handed) return handed.error();
  if (!*handed) ready = file_.fill_edges(value, value.size() <= kWholeCopy ? value.size() : kEdgeCopy);
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
