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

Result<bool> is_pruned(const Table& table, const Digest& digest) {
  auto entry = table.get(Family::kPruned, digest_key(digest));
  return entry ? Result<bool>(entry->has_value()) : entry.error();
}

}  // namespace

Result<size_t> PrunedSource::read_at(uint64_t, std::span<uint8_t>) const { return name_.pruned(); }

Error ValueName::pruned() const {
  return {Code::kNotFound, str() + " was pruned: it is known, but its bytes were removed"};
}

std::string ValueName::str() const { return "the value " + digest.hex() + " of the descriptor " + id.hex(); }

Result<std::string> TableSource::load() const {
  auto table = table_.lock();
  if (table == nullptr) return Error{Code::kStorage, name_.str() + " cannot be read: the store is closed"};
  auto bytes = table->get(Family::kBytes, digest_key(name_.digest));
  if (!bytes) return Error{Code::kStorage, name_.str() + ": " + bytes.error().message};
  if (*bytes && (*bytes)->size() == name_.size) return **std::move(bytes);
  auto pruned = is_pruned(*table, name_.digest);
  if (!pruned) return pruned.error();
  if (!*bytes && *pruned) return name_.pruned();
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

// --- files ---

Error FileSource::damaged(const std::string& how) const {
  return {Code::kStorage, name_.str() + " is damaged: " + path_ + " " + how};
}

Result<const FileSource::Open*> FileSource::open() const {
  std::lock_guard lock(mutex_);
  if (open_ != nullptr) return open_.get();
  auto opened = open_both();
  if (!opened) return opened.error();
  open_ = std::make_unique<const Open>(*std::move(opened));
  return open_.get();
}

Result<FileSource::Open> FileSource::open_both() const {
  auto table = table_.lock();
  if (table == nullptr) return Error{Code::kStorage, name_.str() + " cannot be read: the store is closed"};
  auto entry = table->get(Family::kFile, digest_key(name_.digest));
  if (!entry) return Error{Code::kStorage, name_.str() + ": " + entry.error().message};
  auto pruned = *entry ? false : is_pruned(*table, name_.digest);
  if (!pruned) return pruned.error();
  if (*pruned) return name_.pruned();
  auto checksums = *entry ? BlockChecksums::parse(**entry) : std::nullopt;
  if (!checksums || checksums->size() != name_.size) return damaged("has no checksums in " + table->place());
  auto file = File::open(path_);
  if (!file) return Error{Code::kStorage, name_.str() + ": " + file.error().message};
  auto size = file->size();
  if (!size) return size.error();
  if (*size == name_.size) return Open{*std::move(file), *std::move(checksums)};
  return damaged("should have " + std::to_string(name_.size) + " bytes and has " + std::to_string(*size));
}

uint64_t FileSource::block_size(uint64_t block) const {
  return std::min(BlockChecksums::kBlock, name_.size - block * BlockChecksums::kBlock);
}

Result<void> FileSource::read_block(const Open& open, uint64_t block, std::span<uint8_t> buffer) const {
  uint64_t offset = block * BlockChecksums::kBlock;
  auto count = open.file.read_at(offset, buffer);
  if (!count) return Error{Code::kStorage, name_.str() + ": " + count.error().message};
  if (*count == buffer.size() && open.checksums.match(block, buffer)) return {};
  return damaged("does not hold what was stored, between bytes " + std::to_string(offset) + " and " +
                 std::to_string(offset + buffer.size()));
}

// Less than a block, or from inside one.
Result<size_t> FileSource::read_part(const Open& open, uint64_t offset, std::span<uint8_t> buffer) const {
  uint64_t block = offset / BlockChecksums::kBlock, start = offset % BlockChecksums::kBlock;
  std::lock_guard lock(part_mutex_);
  if (part_bytes_.empty() || part_ != block) {
    std::string bytes(block_size(block), '\0');
    auto done = read_block(open, block, {reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()});
    if (!done) return done.error();
    part_ = block;
    part_bytes_ = std::move(bytes);
  }
  size_t count = copy_part(part_bytes_, start, buffer);
  if (offset + count == name_.size) part_bytes_ = {};  // who reads on from the start begins anew
  return count;
}

Result<size_t> FileSource::read_at(uint64_t offset, std::span<uint8_t> buffer) const {
  auto opened = open();
  if (!opened) return opened.error();
  size_t done = 0;
  while (done < buffer.size() && offset + done < name_.size) {
    uint64_t at = offset + done, block = at / BlockChecksums::kBlock;
    std::span<uint8_t> rest = buffer.subspan(done);
    bool is_whole = at % BlockChecksums::kBlock == 0 && rest.size() >= block_size(block);
    if (is_whole) {
      auto read = read_block(**opened, block, rest.first(block_size(block)));
      if (!read) return read.error();
      done += block_size(block);
    } else {
      auto count = read_part(**opened, at, rest);
      if (!count) return count.error();
      done += *count;
    }
  }
  return done;
}

int FileSource::file_descriptor() const {
  auto opened = open();
  if (!opened) return -1;
  std::lock_guard lock(mutex_);
  std::string bytes;
  for (uint64_t at = 0; !is_checked_ && at < name_.size; at += BlockChecksums::kBlock) {
    uint64_t block = at / BlockChecksums::kBlock;
    bytes.resize(block_size(block));
    auto done = read_block(**opened, block, {reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()});
    if (!done) return -1;
  }
  is_checked_ = true;
  return (*opened)->file.fd();
}

}  // namespace rebus
