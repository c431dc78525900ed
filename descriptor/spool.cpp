#include "descriptor/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <system_error>

#include "descriptor/background_hash.h"
#include "descriptor/sealed_memory.h"

namespace rebus {
namespace {

Error errno_error(Code code, const std::string& what) {
  return {code, what + ": " + std::generic_category().message(errno)};
}

Result<int> open_unlinked() {
  const char* directory = std::getenv("TMPDIR");
  std::string path = directory != nullptr && *directory != '\0' ? directory : "/tmp";
  int fd = open(path.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) {  // not every file system has O_TMPFILE
    std::string name = path + "/rebus-spool-XXXXXX";
    fd = mkostemp(name.data(), O_CLOEXEC);
    if (fd >= 0) unlink(name.c_str());
  }
  if (fd < 0) return errno_error(Code::kStorage, "no temporary file in " + path + " (set TMPDIR)");
  return fd;
}

class FileSource final : public ValueSource {
 public:
  explicit FileSource(int fd) : fd_(fd) {}
  ~FileSource() override { close(fd_); }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> buffer) const override {
    return read_file_at(fd_, offset, buffer);
  }
  int file_descriptor() const override { return fd_; }

 private:
  int fd_;
};

}  // namespace

// One file for all small values that memory had no room for, so that they do not cost a descriptor each.
struct Spool::Shared {
  SpoolLimits limits;
  std::atomic<uint64_t> in_memory{0};
  std::mutex mutex;  // guards overflow_*
  int overflow_fd = -1;
  uint64_t overflow_end = 0;

  ~Shared() {
    if (overflow_fd >= 0) close(overflow_fd);
  }

  // Appends to the overflow file; gives the offset.
  Result<uint64_t> overflow(Bytes bytes) {
    std::lock_guard lock(mutex);
    if (overflow_fd < 0) {
      auto fd = open_unlinked();
      if (!fd) return fd.error();
      overflow_fd = *fd;
    }
    uint64_t at = overflow_end;
    for (size_t done = 0; done < bytes.size();) {
      ssize_t count =
          pwrite(overflow_fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(at + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return errno_error(Code::kStorage, "writing a value to the temporary file");
      done += static_cast<size_t>(count);
    }
    overflow_end += bytes.size();
    return at;
  }
};

namespace {

// A value in memory, as long as it lives.
class CountedSource final : public ValueSource {
 public:
  CountedSource(std::shared_ptr<const ValueSource> source, uint64_t size,
                std::shared_ptr<Spool::Shared> shared)
      : source_(std::move(source)), size_(size), shared_(std::move(shared)) {}
  ~CountedSource() override { shared_->in_memory -= size_; }
  CountedSource(const CountedSource&) = delete;
  CountedSource& operator=(const CountedSource&) = delete;
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> buffer) const override {
    return source_->read_at(offset, buffer);
  }
  std::optional<Bytes> in_memory() const override { return source_->in_memory(); }
  bool takes_memory() const override { return true; }
  int file_descriptor() const override { return source_->file_descriptor(); }
  int sealed_file() const override { return source_->sealed_file(); }

 private:
  std::shared_ptr<const ValueSource> source_;
  uint64_t size_;
  std::shared_ptr<Spool::Shared> shared_;
};

class OverflowSource final : public ValueSource {
 public:
  OverflowSource(std::shared_ptr<Spool::Shared> shared, uint64_t start)
      : shared_(std::move(shared)), start_(start) {}
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> buffer) const override {
    return read_file_at(shared_->overflow_fd, start_ + offset, buffer);
  }

 private:
  std::shared_ptr<Spool::Shared> shared_;
  uint64_t start_;
};

class SpoolWriter final : public ValueWriter {
 public:
  explicit SpoolWriter(std::shared_ptr<Spool::Shared> shared)
      : shared_(std::move(shared)), most_(shared_->limits.per_value) {}

  void expect(uint64_t size) override {
    const SpoolLimits& limits = shared_->limits;
    most_ = std::max(limits.per_value, std::min(size, limits.in_all / kPart));
    if (size < kLeastSealed && size <= most_) memory_.reserve(size);
  }

  Result<void> append(Bytes bytes) override {
    hash_.update(bytes);
    size_ += bytes.size();
    auto placed = place();
    if (!placed) return placed;
    if (file_.get() >= 0) return write_all(file_.get(), bytes, kToFile);
    if (sealed_) return sealed_->append(bytes);
    memory_ += as_text(bytes);
    return {};
  }

  uint64_t size() const override { return size_; }

  Result<Value> seal() override {
    Digest digest = hash_.finish();
    if (file_.get() >= 0) return file_value(file_.release(), size_, digest);
    auto source = source_in_memory();
    if (!source) return source.error();
    if (shared_->in_memory.fetch_add(size_) + size_ <= shared_->limits.in_all)
      return Value(std::make_shared<CountedSource>(*std::move(source), size_, shared_), size_, digest);
    shared_->in_memory -= size_;
    auto bytes = (*source)->in_memory();
    auto start = bytes ? shared_->overflow(*bytes) : errno_error(Code::kStorage, "mapping a value");
    if (!start) return start.error();
    return Value(std::make_shared<OverflowSource>(shared_, *start), size_, digest);
  }

 private:
  static constexpr uint64_t kPart = 4;
  static constexpr const char* kToFile = "writing a value to a temporary file";

  // Moves what came to where that and what comes now is to be.
  Result<void> place() {
    if (file_.get() >= 0) return {};
    if (size_ > most_) return move_to_file();
    return size_ >= kLeastSealed && !sealed_ ? move_to_sealed() : Result<void>();
  }

  Result<void> move_to_sealed() {
    sealed_ = SealedMemoryWriter::make();
    auto moved = sealed_ ? sealed_->append(as_bytes(memory_)) : Result<void>();
    if (sealed_) std::string().swap(memory_);
    return moved;
  }

  Result<void> move_to_file() {
    auto fd = open_unlinked();
    if (!fd) return fd.error();
    file_ = FileHandle(*fd);
    auto moved = sealed_ ? copy_file(sealed_->file()) : write_all(file_.get(), as_bytes(memory_), kToFile);
    sealed_.reset();
    std::string().swap(memory_);
    return moved;
  }

  Result<void> copy_file(int from) {
    std::string buffer(Value::kChunkSize, '\0');
    for (uint64_t offset = 0;;) {
      auto count = read_file_at(from, offset, {reinterpret_cast<uint8_t*>(buffer.data()), buffer.size()});
      if (!count) return count.error();
      if (*count == 0) return {};
      auto written = write_all(file_.get(), as_bytes(std::string_view(buffer).substr(0, *count)), kToFile);
      if (!written) return written;
      offset += *count;
    }
  }

  Result<std::shared_ptr<const ValueSource>> source_in_memory() {
    if (sealed_) return std::move(*sealed_).seal();
    memory_.shrink_to_fit();
    return memory_source(std::move(memory_));
  }

  std::shared_ptr<Spool::Shared> shared_;
  uint64_t most_;  // bytes that stay in memory
  BackgroundHash hash_;
  uint64_t size_ = 0;
  // Where they are: one of them.
  std::string memory_;
  std::optional<SealedMemoryWriter> sealed_;
  FileHandle file_{-1};
};

}  // namespace

Spool::Spool(SpoolLimits limits) : shared_(std::make_shared<Shared>()) { shared_->limits = limits; }
Spool::~Spool() = default;
std::unique_ptr<ValueWriter> Spool::create() { return std::make_unique<SpoolWriter>(shared_); }

Value file_value(int fd, uint64_t size, const Digest& digest) {
  return {std::make_shared<FileSource>(fd), size, digest};
}

Result<size_t> read_file_at(int fd, uint64_t offset, std::span<uint8_t> buffer) {
  size_t done = 0;
  while (done < buffer.size()) {
    ssize_t count = pread(fd, buffer.data() + done, buffer.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error(Code::kStorage, "reading a stored value");
    if (count == 0) break;
    done += static_cast<size_t>(count);
  }
  return done;
}

Result<void> write_all(int fd, Bytes bytes, const char* what) {
  while (!bytes.empty()) {
    ssize_t count = write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error(Code::kStorage, what);
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
  return {};
}

}  // namespace rebus
