// StoreDirectory: the directory of a store on disk: who may use it, what is in it, how it comes to be.
#pragma once

#include <optional>

#include "storage/ballast.h"
#include "storage/file.h"
#include "storage/free_space.h"
#include "storage/high_water.h"
#include "storage/store_state.h"

namespace rebus {

// Bytes that stay free on the disk: less, and nothing new is taken in.
inline constexpr uint64_t kDiskReserve = 256 << 20;
// Opening a store may write what its write-ahead log holds; with less than this free it is refused, and so is
// every change; but the ballast is given away before.
inline constexpr uint64_t kDiskReserveToOpen = 128 << 20;
// With so much free, room is put by (again).
inline constexpr uint64_t kDiskPlenty = kDiskReserve + 2 * Ballast::kSize;

// Locked while it lives: one process, one opening.
class StoreDirectory final : public Surroundings {
 public:
  // Makes the directory (0700) if it is missing. `keeps_ballast`: has room put by while there is plenty.
  // kStorage if it is not a directory, another user's, in use, holds other files, or has another format.
  static Result<std::unique_ptr<StoreDirectory>> claim(std::string path, bool keeps_ballast = false);
  ~StoreDirectory() override;

  const std::string& path() const { return path_; }
  std::string database() const { return path_ + "/db"; }
  // Where a database is prepared; it gets its name last, so that one that has the name is complete.
  std::string new_database() const { return path_ + "/db.new"; }
  std::string values() const { return path_ + "/values"; }
  FreeSpace free_space() const { return FreeSpace(path_, kDiskReserve); }

  // kStorage if a store was here once and lost its database.
  Result<bool> is_complete() const;
  // The prepared database becomes the database.
  Result<void> complete(const std::string& bus);
  // Before the database is opened: kStorage if it is known already that something was lost.
  Result<void> read_high_water();

  Result<void> verify(const StoreState& recovered) override { return high_water_->verify(recovered); }
  Result<void> has_room() override;
  Result<void> has_room_for_notes() override;
  Result<void> committed(const StoreState& durable) override { return high_water_->raise(durable); }

 private:
  StoreDirectory(std::string path, File lock, bool keeps_ballast)
      : path_(std::move(path)), lock_(std::move(lock)), keeps_ballast_(keeps_ballast), ballast_(path_) {}
  Result<void> check_owner() const;
  Result<void> lock() const;
  Result<void> check_format();
  Result<void> mark_format();
  std::string high_water_path() const { return path_ + "/HIGH_WATER"; }

  std::string path_;
  File lock_;  // the directory itself
  bool keeps_ballast_;
  Ballast ballast_;
  std::optional<HighWater> high_water_;
};

}  // namespace rebus
