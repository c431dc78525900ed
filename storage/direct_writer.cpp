#include "storage/direct_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>

#include "descriptor/file_handle.h"

namespace rebus {
namespace {

constexpr size_t kBlock = 4096;    // what is written past the cache begins and ends at multiples of it
constexpr size_t kMostPieces = 4;  // one that is filled, one at the disk, and two that wait for it

struct Free {
  void operator()(uint8_t* bytes) const { std::free(bytes); }
};

struct Piece {
  std::unique_ptr<uint8_t, Free> bytes;
  size_t size = 0;
};

}  // namespace

class DirectWriter::Disk {
 public:
  Disk(std::string path, FileHandle file, bool is_direct, uint64_t size)
      : path_(std::move(path)), file_(std::move(file)), is_direct_(is_direct), written_(size), size_(size) {}
  ~Disk() {
    {
      std::lock_guard lock(mutex_);
      ends_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  Result<void> append(Bytes bytes) {
    while (!bytes.empty()) {
      if (filling_.bytes == nullptr) filling_ = take_piece();
      if (filling_.bytes == nullptr) return failed();
      Bytes part = bytes.first(std::min<size_t>(bytes.size(), kPiece - filling_.size));
      std::memcpy(filling_.bytes.get() + filling_.size, part.data(), part.size());
      filling_.size += part.size();
      size_ += part.size();
      bytes = bytes.subspan(part.size());
      if (filling_.size == kPiece) hand_over();
    }
    return {};
  }

  Result<void> finish() {
    if (filling_.size > 0) hand_over();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return (waiting_.empty() && !is_writing_) || error_; });
    if (error_) return *error_;
    return ftruncate(file_.get(), static_cast<off_t>(size_)) == 0 ? Result<void>()
                                                                  : file_error("writing", path_);
  }

 private:
  Result<void> failed() {
    std::lock_guard lock(mutex_);
    return error_ ? *error_ : Error{Code::kStorage, "writing " + path_ + ": there is no memory for it"};
  }

  // Nothing after an error.
  Piece take_piece() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !free_.empty() || made_ < kMostPieces || error_; });
    if (error_) return {};
    if (!free_.empty()) {
      Piece piece = std::move(free_.back());
      free_.pop_back();
      return piece;
    }
    made_++;
    return {std::unique_ptr<uint8_t, Free>(static_cast<uint8_t*>(std::aligned_alloc(kBlock, kPiece))), 0};
  }

  void hand_over() {
    {
      std::lock_guard lock(mutex_);
      waiting_.push_back(std::exchange(filling_, {}));
    }
    changed_.notify_all();
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  }

  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return !waiting_.empty() || ends_; });
      if (ends_) return;
      Piece piece = std::move(waiting_.front());
      waiting_.pop_front();
      is_writing_ = true;
      lock.unlock();
      auto done = write(piece);
      lock.lock();
      is_writing_ = false;
      if (!done && !error_) error_ = done.error();
      piece.size = 0;
      free_.push_back(std::move(piece));
      changed_.notify_all();
    }
  }

  // Behind its end the last piece is filled up; finish() cuts that off.
  Result<void> write(const Piece& piece) {
    size_t padded = (piece.size + kBlock - 1) / kBlock * kBlock;
    std::memset(piece.bytes.get() + piece.size, 0, padded - piece.size);
    for (size_t done = 0; done < padded;) {
      ssize_t count =
          pwrite(file_.get(), piece.bytes.get() + done, padded - done, static_cast<off_t>(written_ + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return file_error("writing", path_);
      done += static_cast<size_t>(count);
    }
    written_ += piece.size;
    return is_direct_ || fdatasync(file_.get()) == 0 ? Result<void>() : file_error("syncing", path_);
  }

  const std::string path_;
  const FileHandle file_;
  const bool is_direct_;
  uint64_t written_;  // the writing thread's
  uint64_t size_;     // the rest of these is the caller's
  Piece filling_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<Piece> waiting_;
  std::deque<Piece> free_;
  size_t made_ = 0;
  std::optional<Error> error_;
  bool is_writing_ = false, ends_ = false;
  std::thread thread_;  // the caller's
};

DirectWriter::DirectWriter(std::unique_ptr<Disk> disk) : disk_(std::move(disk)) {}
DirectWriter::~DirectWriter() = default;

Result<std::unique_ptr<DirectWriter>> DirectWriter::open(const std::string& path, uint64_t size) {
  constexpr int kFlags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW;
  FileHandle file(::open(path.c_str(), kFlags | O_DIRECT));
  const bool is_direct = file.get() >= 0;
  if (!is_direct && errno == EINVAL) file = FileHandle(::open(path.c_str(), kFlags));
  if (file.get() < 0) return file_error("opening", path);
  return std::unique_ptr<DirectWriter>(
      new DirectWriter(std::make_unique<Disk>(path, std::move(file), is_direct, size)));
}

Result<void> DirectWriter::append(Bytes bytes) { return disk_->append(bytes); }
Result<void> DirectWriter::finish() { return disk_->finish(); }

}  // namespace rebus
