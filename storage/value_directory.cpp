#include "storage/value_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "descriptor/descriptor.h"

namespace rebus {

PendingFile::~PendingFile() {
  if (!is_placed_) unlink(file_.path().c_str());  // if that fails, the next opening removes it
}

Result<void> PendingFile::append(Bytes bytes) {
  const uint64_t size = checksums_.size();
  checksums_.append(bytes);
  Bytes first = bytes.first(std::min<uint64_t>(bytes.size(), kThroughCache - std::min(size, kThroughCache)));
  auto done = file_.append(first);
  if (!done || first.size() == bytes.size()) return done;
  if (rest_ == nullptr) {
    auto rest = DirectWriter::open(file_.path(), kThroughCache);
    if (!rest) return rest.error();
    rest_ = *std::move(rest);
  }
  return rest_->append(bytes.subspan(first.size()));
}

Result<void> PendingFile::sync() {
  auto done = rest_ != nullptr ? rest_->finish() : Result<void>();
  rest_.reset();
  return done ? file_.sync() : done;
}

Result<void> PendingFile::place(const std::string& path) const {
  if (is_placed_) return {};
  auto moved = move_file(file_.path(), path);
  if (moved) is_placed_ = true;
  return moved;
}

// All of them at once: one made later would have to be synced before the first file in it.
Result<void> ValueDirectory::create() {
  auto done = make_directory(path_);
  if (done) done = make_directory(temporary());
  for (unsigned first = 0; done && first < 256; first++) {
    uint8_t byte = static_cast<uint8_t>(first);
    done = make_directory(path_ + "/" + to_hex({&byte, 1}));
  }
  return done ? sync_directory(path_) : done;
}

Result<std::shared_ptr<PendingFile>> ValueDirectory::create_pending() const {
  auto file = File::create(temporary() + "/" + to_hex(as_bytes(random_salt())));
  if (!file) return file.error();
  return std::make_shared<PendingFile>(*std::move(file));
}

std::string ValueDirectory::path_of(const Digest& digest) const {
  std::string hex = digest.hex();
  return path_ + "/" + hex.substr(0, 2) + "/" + hex;
}

Result<void> ValueDirectory::place(const PendingFile& file, const Digest& digest) {
  std::string path = path_of(digest);
  unsynced_.insert(path.substr(0, path.rfind('/')));
  return file.place(path);
}

Result<void> ValueDirectory::sync() {
  for (const std::string& directory : unsynced_) {
    auto synced = sync_directory(directory);
    if (!synced) return synced;
  }
  unsynced_.clear();
  return {};
}

Result<ValueDirectory::Listing> ValueDirectory::list() const {
  Listing listing;
  auto directories = list_directory(path_);
  if (!directories) return directories.error();
  for (const std::string& directory : *directories) {
    auto names = list_directory(path_ + "/" + directory);
    if (!names) return names.error();
    for (const std::string& name : *names) {
      auto digest = Digest::parse(name);
      if (digest && name.starts_with(directory)) listing.values.push_back(*digest);
      if (directory == "tmp") listing.temporary.push_back(temporary() + "/" + name);
    }
  }
  std::sort(listing.values.begin(), listing.values.end());
  return listing;
}

}  // namespace rebus
