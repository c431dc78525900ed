// Settler: settles a master's rounds. While the disk makes one durable the master handles the next; nothing
// of a round is told to anybody before it is durable.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "master/master.h"

namespace rebus {

// Used by the master's thread.
class Settler {
 public:
  // `wake` is called by another thread when step() has something to go on with.
  Settler(Master& master, std::function<void()> wake);
  ~Settler();
  Settler(const Settler&) = delete;
  Settler& operator=(const Settler&) = delete;

  // Gives what may be sent now, and has the next round settled unless one is under way. An error is that of
  // the master: nothing more may be sent.
  Result<Outbox> step();
  // Waits for the disk, too.
  Result<Outbox> finish();
  // A round is under way: there is nothing to do for step() before it is woken.
  bool is_waiting() const;

 private:
  Result<Outbox> end_round();
  void work();

  Master& master_;
  const std::function<void()> wake_;
  Outbox held_;               // until it is durable
  bool is_held_ = false;      // there is such a round
  mutable std::mutex mutex_;  // guards the rest
  std::condition_variable changed_;
  Storage::Sync sync_;                  // to be called
  std::optional<Result<void>> synced_;  // its answer
  bool ends_ = false;
  std::thread thread_;  // from the first round on that has to wait for a disk
};

}  // namespace rebus
