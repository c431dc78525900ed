#include "descriptor/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <system_error>

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

class SpooledMemory final : public ValueSource {
 public:
  SpooledMemory(std::string bytes, std::shared_ptr<Spool::Shared> shared)
      : bytes_(std::move(bytes)), shared_(std::move(shared)) {}
  ~SpooledMemory() override { shared_->in_memory -= bytes_.size(); }
  SpooledMemory(const SpooledMemory&) = delete;
  SpooledMemory& operator=(const SpooledMemory&) = delete;
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> buffer) const override {
    size_t count = std::min<size_t>(buffer.size(), bytes_.size() - offset);
    std::memcpy(buffer.data(), bytes_.data() + offset, count);
    return count;
  }
  const std::string* in_memory() const override { return &bytes_; }

 private:
  std::string bytes_;
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
  ~SpoolWriter() override {
    if (fd_ >= 0) close(fd_);
  }
  SpoolWriter(const SpoolWriter&) = delete;
  SpoolWriter& operator=(const SpoolWriter&) = delete;

  void expect(uint64_t size) override {
    const SpoolLimits& limits = shared_->limits;
    most_ = std::max(limits.per_value, std::min(size, limits.in_all / kPart));
    if (size <= most_) memory_.reserve(size);
  }

  Result<void> append(Bytes bytes) override {
    hash_.update(bytes);
    size_ += bytes.size();
    if (fd_ < 0 && size_ <= most_) {
      memory_ += as_text(bytes);
      return {};
    }
    if (fd_ < 0) {
      auto fd = open_unlinked();
      if (!fd) return fd.error();
      fd_ = *fd;
      auto moved = write_all(fd_, as_bytes(memory_), "writing a value to a temporary file");
      if (!moved) return moved;
      std::string().swap(memory_);
    }
    return write_all(fd_, bytes, "writing a value to a temporary file");
  }

  uint64_t size() const override { return size_; }

  Result<Value> seal() override {
    Digest digest = hash_.finish();
    if (fd_ >= 0) return file_value(std::exchange(fd_, -1), size_, digest);
    if (shared_->in_memory.fetch_add(size_) + size_ <= shared_->limits.in_all) {
      memory_.shrink_to_fit();
      return Value(std::make_shared<SpooledMemory>(std::move(memory_), shared_), size_, digest);
    }
    shared_->in_memory -= size_;
    auto start = shared_->overflow(as_bytes(memory_));
    if (!start) return start.error();
    return Value(std::make_shared<OverflowSource>(shared_, *start), size_, digest);
  }

 private:
  static constexpr uint64_t kPart = 4;
  std::shared_ptr<Spool::Shared> shared_;
  uint64_t most_;  // bytes that stay in memory
  Sha256 hash_;
  std::string memory_;
  uint64_t size_ = 0;
  int fd_ = -1;
};

}  // namespace

Spool::Spool(SpoolLimits limits) : shared_(std::make_shared<Shared>()) { shared_->limits = limits; }
Spool::~Spool() = default;
std::unique_ptr<ValueWriter> Spool::create() { return std::make_unique<SpoolWriter>(shared_); }

Value file_value(int fd, uint64_t size, const Digest& digest) {
  return {std::make_shared<FileSource>(fd), size, digest};
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
