#include "storage/disk_values.h"

#include <unistd.h>

#include <algorithm>

#include "descriptor/crash_point.h"
#include "storage/disk_writer.h"
#include "storage/keys.h"
#include "storage/value_source.h"

namespace rebus {

namespace {

// Compares the files that are there with those that should be; both in order.
class FileAudit {
 public:
  FileAudit(const ValueDirectory& directory, std::vector<Digest> found)
      : directory_(directory), found_(std::move(found)), at_(found_.begin()) {}

  Result<void> expect(std::string_view digest, std::string_view entry) {
    auto checksums = BlockChecksums::parse(entry);
    if (!checksums) return damaged_entry(digest);
    while (at_ != found_.end() && as_text(at_->bytes) < digest) skip();
    if (at_ == found_.end() || as_text(at_->bytes) != digest) return missing(digest);
    std::string path = directory_.path_of(*at_++);
    auto file = File::open(path);
    auto actual = file ? file->size() : file.error();
    if (!actual) return actual.error();
    if (*actual == checksums->size()) return {};
    return Error{Code::kStorage, "the store is damaged: " + path + " should have " +
                                     std::to_string(checksums->size()) + " bytes and has " +
                                     std::to_string(*actual)};
  }

  std::vector<std::string> orphans() {
    while (at_ != found_.end()) skip();
    return std::move(orphans_);
  }

 private:
  void skip() { orphans_.push_back(directory_.path_of(*at_++)); }
  Error damaged_entry(std::string_view digest) const {
    return {Code::kStorage, "the store is damaged: what " + directory_.path() + "/../db knows of the value " +
                                to_hex(as_bytes(digest)) + " cannot be decoded"};
  }
  Error missing(std::string_view digest) const {
    return {Code::kStorage, "the store is damaged: " + directory_.path() + " has no file of the value " +
                                to_hex(as_bytes(digest))};
  }

  const ValueDirectory& directory_;
  std::vector<Digest> found_;
  std::vector<Digest>::iterator at_;
  std::vector<std::string> orphans_;
};

}  // namespace

class DiskValues::Factory final : public ValueFactory {
 public:
  Factory(std::shared_ptr<const ValueDirectory> directory, FreeSpace space)
      : directory_(std::move(directory)), space_(std::move(space)) {}
  std::unique_ptr<ValueWriter> create() override { return std::make_unique<DiskWriter>(directory_, space_); }

 private:
  std::shared_ptr<const ValueDirectory> directory_;
  FreeSpace space_;
};

DiskValues::DiskValues(std::string directory, std::shared_ptr<Table> table, FreeSpace space)
    : directory_(std::make_shared<ValueDirectory>(std::move(directory))),
      table_(std::move(table)),
      factory_(std::make_unique<Factory>(directory_, std::move(space))) {}

DiskValues::~DiskValues() = default;
ValueFactory& DiskValues::factory() { return *factory_; }

// --- keeping ---

Result<void> DiskValues::keep(const Value& value, Transaction& transaction) {
  if (value.size() == 0) return {};
  bool is_large = value.size() > kMaxTableValue;
  auto present = transaction.get(is_large ? Family::kFile : Family::kStored, digest_key(value.digest()));
  if (!present) return present.error();
  if (*present) return {};
  return is_large ? keep_file(value, transaction) : keep_bytes(value, transaction);
}

Result<void> DiskValues::keep_bytes(const Value& value, Transaction& transaction) {
  std::string key = digest_key(value.digest());
  transaction.put(Family::kStored, key, "");
  if (auto bytes = value.source().in_memory()) {
    transaction.put_borrowed(Family::kBytes, std::move(key), as_text(*bytes));
    return {};
  }
  auto bytes = value.load(kMaxTableValue);
  if (!bytes) return bytes.error();
  if (sha256(as_bytes(*bytes)) != value.digest()) return changed(value);
  transaction.put(Family::kBytes, std::move(key), *std::move(bytes));
  return {};
}

Result<void> DiskValues::keep_file(const Value& value, Transaction& transaction) {
  auto* file = dynamic_cast<const PendingFile*>(&value.source());
  auto pending = file != nullptr && directory_->made(*file) ? Result<Value>(value) : copied(value);
  if (!pending) return pending.error();
  const auto& stored = static_cast<const PendingFile&>(pending->source());
  transaction.put(Family::kFile, digest_key(value.digest()), stored.checksums().entry());
  staged_.push_back(*std::move(pending));
  doomed_.erase(value.digest());
  return {};
}

// Of a value that another made; what is stored is what was hashed here.
Result<Value> DiskValues::copied(const Value& value) {
  auto writer = factory_->create();
  auto done = value.for_each_chunk([&](Bytes bytes) { return writer->append(bytes); });
  if (!done) return done.error();
  auto copy = writer->seal();
  if (copy && copy->digest() != value.digest()) return changed(value);
  return copy;
}

Error DiskValues::changed(const Value& value) {
  return {Code::kStorage,
          "the bytes of the value " + value.digest().hex() + " changed while they were stored"};
}

// The names must be on the disk before the batch that relies on them can be: RocksDB may write it out at any
// time.
Result<void> DiskValues::settle() {
  for (const Value& value : staged_) {
    auto placed = directory_->place(static_cast<const PendingFile&>(value.source()), value.digest());
    if (!placed) return placed;
    crash_point("value-file-placed");
  }
  bool has_files = !staged_.empty();
  staged_.clear();
  auto synced = directory_->sync();
  if (has_files) crash_point("value-file-named");
  return synced;
}

// --- dropping ---

Result<void> DiskValues::drop(const Digest& digest, Transaction& transaction) {
  std::string key = digest_key(digest);
  auto is_small = transaction.get(Family::kStored, key);
  if (!is_small) return is_small.error();
  if (*is_small) {
    transaction.remove(Family::kStored, key);
    transaction.remove(Family::kBytes, std::move(key));
    return {};
  }
  auto is_large = transaction.get(Family::kFile, key);
  if (!is_large) return is_large.error();
  if (!*is_large) return {};
  transaction.remove(Family::kFile, std::move(key));
  doomed_.insert(digest);
  return {};
}

// What cannot be removed now is no part of the store any more: the next opening removes it.
void DiskValues::committed() {
  for (const Digest& digest : doomed_) unlink(directory_->path_of(digest).c_str());
  doomed_.clear();
}

Result<bool> DiskValues::has(const Digest& digest) const {
  for (Family family : {Family::kStored, Family::kFile}) {
    auto found = table_->get(family, digest_key(digest));
    if (!found) return found.error();
    if (*found) return true;
  }
  return false;
}

// --- reading ---

Result<Value> DiskValues::find(const Record& record) const {
  if (record.value_size == 0) return Value();
  ValueName name{record.value_digest, record.descriptor.selector.id().value_or(Digest{}), record.value_size};
  if (record.value_size <= kMaxTableValue) {
    return Value(std::make_shared<TableSource>(table_, name), name.size, name.digest);
  }
  auto file = std::make_shared<FileSource>(directory_->path_of(name.digest), table_, name);
  return Value(std::move(file), name.size, name.digest);
}

// --- opening ---

// Files that nothing names are of a process that was killed between placing them and its batch. They are
// removed only when everything was listed and everything named was found.
Result<void> DiskValues::verify() {
  auto listing = directory_->list();
  if (!listing) return listing.error();
  FileAudit audit(*directory_, std::move(listing->values));
  auto at = table_->iterate(Family::kFile);
  for (at->seek(""); at->valid(); at->next()) {
    auto found = audit.expect(at->key(), at->value());
    if (!found) return found;
  }
  auto complete = at->status();
  if (!complete) return complete;
  for (const std::string& orphan : audit.orphans()) unlink(orphan.c_str());
  for (const std::string& temporary : listing->temporary) unlink(temporary.c_str());
  return {};
}

}  // namespace rebus
