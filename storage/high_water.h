// HighWater: a note beside the database of how far the store was durable. A database that lost a file may
// open as if it had never known what was in it; the note tells.
#pragma once

#include <chrono>
#include <string>

#include "storage/manifest.h"
#include "storage/store_state.h"

namespace rebus {

class HighWater {
 public:
  // The note of a new store, whose database is not there yet.
  static Result<void> create(const std::string& path, const std::string& bus);
  // Reads the note; kStorage if it is missing or damaged. `database`: the directory it is about.
  static Result<HighWater> read(const std::string& path, const std::string& database);

  // Before the database is opened, since opening deletes files: kStorage when its list of files lost
  // something.
  Result<void> verify_manifest() const;
  // kStorage when `recovered` is behind the note, or of another bus.
  Result<void> verify(const StoreState& recovered) const;
  // Notes it, at most once a second unless the epoch is new. kStorage.
  Result<void> raise(const StoreState& durable);
  // Notes what raise() left for later.
  Result<void> flush();
  const StoreState& noted() const { return noted_; }

 private:
  using Clock = std::chrono::steady_clock;
  HighWater(std::string path, std::string database)
      : path_(std::move(path)), database_(std::move(database)) {}

  std::string path_;
  std::string database_;
  StoreState noted_;
  Manifest manifest_;  // noted as well
  StoreState latest_;
  Clock::time_point noted_at_{};
};

}  // namespace rebus
