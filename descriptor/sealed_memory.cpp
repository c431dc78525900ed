#include "descriptor/sealed_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <system_error>

#include "descriptor/spool.h"

namespace rebus {
namespace {

constexpr uint64_t kMostPlaces = 16384;

std::atomic<uint64_t> taken_places{0};

uint64_t most_places() {
  static const uint64_t most = [] {
    rlimit files{};
    bool is_known = getrlimit(RLIMIT_NOFILE, &files) == 0;
    return is_known ? std::min<uint64_t>(files.rlim_cur / 4, kMostPlaces) : 0;
  }();
  return most;
}

}  // namespace

SealedMemoryWriter::Place::Place() : is_taken(taken_places.fetch_add(1) < most_places()) {
  if (!is_taken) taken_places--;
}

SealedMemoryWriter::Place::~Place() {
  if (is_taken) taken_places--;
}

// Mapped for whoever wants its bytes in memory; read like a file otherwise.
class SealedMemoryWriter::Source final : public ValueSource {
 public:
  Source(Place place, FileHandle file, uint64_t size)
      : place_(std::move(place)), file_(std::move(file)), size_(size) {}
  ~Source() override {
    if (bytes_ != MAP_FAILED) munmap(bytes_, size_);
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> buffer) const override {
    return read_file_at(file_.get(), offset, buffer);
  }
  std::optional<Bytes> in_memory() const override {
    std::call_once(is_mapped_, [this] {
      bytes_ = mmap(nullptr, size_, PROT_READ, MAP_SHARED | MAP_POPULATE, file_.get(), 0);
    });
    if (bytes_ == MAP_FAILED) return std::nullopt;
    return Bytes(static_cast<const uint8_t*>(bytes_), size_);
  }
  bool takes_memory() const override { return true; }
  int file_descriptor() const override { return file_.get(); }
  int sealed_file() const override { return file_.get(); }

 private:
  Place place_;
  FileHandle file_;
  uint64_t size_;
  mutable std::once_flag is_mapped_;
  mutable void* bytes_ = MAP_FAILED;
};

// Executable, because libmagic calls a position-independent program by that name only in such a file.
std::optional<SealedMemoryWriter> SealedMemoryWriter::make() {
  Place place;
  if (!place.is_taken) return std::nullopt;
  FileHandle file(memfd_create("rebus-value", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (file.get() < 0 || fchmod(file.get(), 0755) != 0) return std::nullopt;
  return SealedMemoryWriter(std::move(place), std::move(file));
}

Result<void> SealedMemoryWriter::append(Bytes bytes) {
  size_ += bytes.size();
  return write_all(file_.get(), bytes, "writing a value to memory");
}

Result<std::shared_ptr<const ValueSource>> SealedMemoryWriter::seal() && {
  if (fcntl(file_.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
    return Error{Code::kStorage, "sealing a value in memory: " + std::generic_category().message(errno)};
  return std::shared_ptr<const ValueSource>(
      std::make_shared<Source>(std::move(place_), std::move(file_), size_));
}

}  // namespace rebus
