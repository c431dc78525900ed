#include "agents/support/file_type.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "agents/support/sandbox/parser_process.h"
#include "descriptor/escape.h"
#include "descriptor/spool.h"

namespace rebus {
namespace {

constexpr size_t kMaxWords = 16 << 10;  // bytes; the worker cuts them, too, if it is what it was
constexpr uint64_t kWholeCopy = 64 << 20;
constexpr uint64_t kEdgeCopy = 16 << 20;
// After so many files the worker is replaced: whoever took it over has seen no more.
constexpr int kMostFiles = 256;
// libmagic takes milliseconds; its worst known cases a second.
constexpr std::chrono::seconds kPatience{30};

Error errno_error() {
  return {Code::kUnavailable, std::string("no memory to identify a file: ") + std::strerror(errno)};
}

// A file in memory: written here, and read by the worker, which cannot write to it.
class SharedFile {
 public:
  // libmagic calls a position-independent program by that name only in an executable file: hence the mode.
  static Result<SharedFile> make() {
    FileHandle own(memfd_create("rebus-file-type", MFD_CLOEXEC));
    if (own.get() < 0 || fchmod(own.get(), 0755) != 0) return errno_error();
    FileHandle readable(open(("/proc/self/fd/" + std::to_string(own.get())).c_str(), O_RDONLY | O_CLOEXEC));
    if (readable.get() < 0) return errno_error();
    return SharedFile(std::move(own), std::move(readable));
  }
  int readable() const { return readable_.get(); }

  // Instead of what was in it: all of it, or of a large value its first and last part, and a hole between.
  Result<void> fill(const Value& value) {
    if (ftruncate(own_.get(), 0) != 0) return errno_error();
    if (const std::string* bytes = value.source().in_memory()) return put(0, as_bytes(*bytes));
    if (value.size() <= kWholeCopy) return copy(value, 0, value.size());
    auto copied = copy(value, 0, kEdgeCopy);
    return copied ? copy(value, value.size() - kEdgeCopy, value.size()) : copied;
  }

 private:
  SharedFile(FileHandle own, FileHandle readable) : own_(std::move(own)), readable_(std::move(readable)) {}

  Result<void> copy(const Value& value, uint64_t from, uint64_t upto) {
    std::string buffer(std::min<uint64_t>(Value::kChunkSize, upto - from), '\0');
    while (from < upto) {
      size_t want = std::min<uint64_t>(buffer.size(), upto - from);
      auto count = value.read_at(from, {reinterpret_cast<uint8_t*>(buffer.data()), want});
      if (!count) return count.error();
      auto done = put(from, as_bytes(std::string_view(buffer).substr(0, *count)));
      if (!done) return done;
      from += *count;
    }
    return {};
  }

  Result<void> put(uint64_t offset, Bytes bytes) {
    if (lseek(own_.get(), static_cast<off_t>(offset), SEEK_SET) < 0) return errno_error();
    return write_all(own_.get(), bytes, "copying a value");
  }

  FileHandle own_, readable_;
};

class TypeWorker {
 public:
  explicit TypeWorker(SharedFile file)
      : file_(std::move(file)), process_("types", kPatience, file_.readable()) {}

  Result<FileType> identify(const Value& value) {
    if (++files_ % kMostFiles == 0) process_.stop();
    auto ready = process_.start();
    if (ready) ready = file_.fill(value);
    if (ready) ready = process_.send(ParserWord::kIdentify, {});
    auto frame = ready ? process_.receive(Value()) : ready.error();
    if (!frame) return frame.error();
    auto type = frame->word == ParserWord::kType ? unpack<FileType>(frame->body) : process_.misbehaves();
    bool is_good = type && type->words.size() <= kMaxWords && type->mime.size() <= kMaxWords &&
                   type->encoding.size() <= kMaxWords;
    if (is_good || !process_.is_running()) return type;
    return process_.misbehaves();
  }

 private:
  SharedFile file_;
  ParserProcess process_;
  int files_ = 0;
};

Result<TypeWorker*> worker_of_thread() {
  static thread_local std::unique_ptr<TypeWorker> worker;
  if (worker) return worker.get();
  auto file = SharedFile::make();
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
Result<void> check_file_type_database() { return ParserProcess("types", kPatience).start(); }

}  // namespace rebus
