#include "storage/store_directory.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "descriptor/escape.h"
#include "storage/keys.h"

namespace rebus {
namespace {

constexpr std::string_view kFormatLine = "rebus storage ";
constexpr size_t kMaxFormatFile = 256;

std::string format_file() { return std::string(kFormatLine) + std::to_string(kFormatVersion) + "\n"; }

Result<void> make_parents(const std::string& path) {
  std::error_code failed;
  std::filesystem::create_directories(std::filesystem::absolute(path).parent_path(), failed);
  if (failed) return Error{Code::kStorage, "making the directories above " + path + ": " + failed.message()};
  return {};
}

// Without a slash at its end, which would follow a symbolic link.
std::string trimmed(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

}  // namespace

Result<std::unique_ptr<StoreDirectory>> StoreDirectory::claim(std::string path, bool keeps_ballast) {
  path = trimmed(std::move(path));
  auto done = file_exists(path) ? Result<void>() : make_parents(path);
  if (done) done = make_directory(path);
  if (!done) return done.error();
  auto handle = File::directory(path);
  if (!handle) return handle.error();
  std::unique_ptr<StoreDirectory> directory(
      new StoreDirectory(std::move(path), *std::move(handle), keeps_ballast));
  done = directory->check_owner();
  if (done) done = directory->lock();
  if (done) done = directory->check_format();
  if (done) done = directory->has_room_for_notes();
  if (!done) return done.error();
  return directory;
}

// At a clean end the note tells the very last position.
StoreDirectory::~StoreDirectory() {
  if (high_water_) (void)high_water_->flush().ok();
}

Result<void> StoreDirectory::check_owner() const {
  struct stat status {};
  if (fstat(lock_.fd(), &status) != 0) return file_error("asking for the owner of", path_);
  if (status.st_uid == geteuid()) return {};
  return Error{Code::kStorage, path_ + " belongs to another user"};
}

Result<void> StoreDirectory::lock() const {
  if (flock(lock_.fd(), LOCK_EX | LOCK_NB) == 0) return {};
  if (errno == EWOULDBLOCK) return Error{Code::kStorage, path_ + " is in use by another rebus process"};
  return file_error("locking", path_);
}

Result<void> StoreDirectory::check_format() {
  auto text = read_small_file(path_ + "/FORMAT", kMaxFormatFile);
  if (!text) return text.error();
  if (!*text) return mark_format();
  if (**text == format_file()) return {};
  if (!(*text)->starts_with(kFormatLine)) return Error{Code::kStorage, path_ + "/FORMAT is damaged"};
  std::string other = escape((*text)->substr(kFormatLine.size(), (*text)->find('\n') - kFormatLine.size()));
  return Error{Code::kStorage, path_ + " has format " + other + "; this rebus reads and writes format " +
                                   std::to_string(kFormatVersion)};
}

// Takes an empty directory for a new store.
Result<void> StoreDirectory::mark_format() {
  auto names = list_directory(path_);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (name == "FORMAT.tmp" || name == "lost+found") continue;
    return Error{Code::kStorage,
                 path_ + " holds other files (" + escape(name) + ") and no rebus store: FORMAT is missing"};
  }
  if (fchmod(lock_.fd(), 0700) != 0) return file_error("closing to others", path_);
  auto written = replace_file(path_ + "/FORMAT", format_file());
  return written ? sync_directory(path_)
                 : written;  // before there are others, which make it look like no store
}

Result<void> StoreDirectory::has_room() {
  auto room = free_space().check();
  bool may_be_taken = room.ok() && keeps_ballast_ && !ballast_.is_there();
  if (may_be_taken && FreeSpace(path_, kDiskPlenty).check()) ballast_.take();
  return room;
}

Result<void> StoreDirectory::has_room_for_notes() {
  const FreeSpace needed(path_, kDiskReserveToOpen);
  auto room = needed.check();
  return !room && ballast_.release() ? needed.check() : room;
}

Result<bool> StoreDirectory::is_complete() const {
  if (file_exists(database())) return true;
  if (!file_exists(high_water_path())) return false;
  auto note = HighWater::read(high_water_path(), database());
  if (!note) return note.error();
  if (note->noted().epoch == 0) return false;
  return Error{Code::kStorage, "the store in " + path_ + " lost its database: " + database() + " is missing"};
}

Result<void> StoreDirectory::complete(const std::string& bus) {
  auto done = HighWater::create(high_water_path(), bus);
  if (done) done = sync_directory(path_);
  if (done) done = move_file(new_database(), database());
  return done ? sync_directory(path_) : done;
}

Result<void> StoreDirectory::read_high_water() {
  auto note = HighWater::read(high_water_path(), database());
  if (!note) return note.error();
  high_water_ = *std::move(note);
  return high_water_->verify_manifest();
}

}  // namespace rebus
