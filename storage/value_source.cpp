#include "storage/value_source.h"

#include <algorithm>
#include <cstring>

#include "storage/keys.h"

namespace rebus {
namespace {

size_t copy_part(const std::string& bytes, uint64_t offset, std::span<uint8_t> buffer) {
  if (offset >= bytes.size()) return 0;
  size_t count = std::min<uint64_t>(buffer.size(), bytes.size() - offset);
  std::memcpy(buffer.data(), bytes.data() + offset, count);
  return count;
}

}  // namespace

Result<size_t> MemorySource::read_at(uint64_t offset, std::span<uint8_t> buffer) const {
  return copy_part(bytes_, offset, buffer);
}

std::string ValueName::str() const { return "the value " + digest.hex() + " of the descriptor " + id.hex(); }

Result<std::string> TableSource::load() const {
  auto table = table_.lock();
  if (table == nullptr) return Error{Code::kStorage, name_.str() + " cannot be read: the store is closed"};
  auto bytes = table->get(Family::kBytes, digest_key(name_.digest));
  if (!bytes) return Error{Code::kStorage, name_.str() + ": " + bytes.error().message};
  if (*bytes && (*bytes)->size() == name_.size) return **std::move(bytes);
  return Error{Code::kStorage, name_.str() + " is damaged in " + table->place() + ": it should have " +
                                   std::to_string(name_.size) + " bytes and " +
                                   (*bytes ? "has " + std::to_string((*bytes)->size()) : "is missing")};
}

Result<size_t> TableSource::read_at(uint64_t offset, std::span<uint8_t> buffer) const {
  std::lock_guard lock(mutex_);
  if (!bytes_.empty()) return copy_part(bytes_, offset, buffer);
  auto bytes = load();
  if (!bytes) return bytes.error();
  size_t count = copy_part(*bytes, offset, buffer);
  if (count < bytes->size()) bytes_ = *std::move(bytes);
  return count;
}

Result<const File*> FileSource::file() const {
  std::lock_guard lock(mutex_);
  if (file_ != nullptr) return file_.get();
  auto opened = File::open(path_);
  if (!opened) return Error{Code::kStorage, name_.str() + ": " + opened.error().message};
  auto size = opened->size();
  if (!size) return size.error();
  if (*size != name_.size) {
    return Error{Code::kStorage, name_.str() + " is damaged: " + path_ + " should have " +
                                     std::to_string(name_.size) + " bytes and has " + std::to_string(*size)};
  }
  file_ = std::make_unique<const File>(*std::move(opened));
  return file_.get();
}

Result<size_t> FileSource::read_at(uint64_t offset, std::span<uint8_t> buffer) const {
  auto opened = file();
  if (!opened) return opened.error();
  return (*opened)->read_at(offset, buffer);
}

int FileSource::file_descriptor() const {
  auto opened = file();
  return opened ? (*opened)->fd() : -1;
}

}  // namespace rebus
