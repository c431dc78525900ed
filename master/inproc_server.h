// InprocServer: the master in a thread of this process; agents are other threads. Values pass by reference.
#pragma once

#include <memory>
#include <optional>

#include "bus/channel.h"
#include "master/master.h"

namespace rebus {

// Thread-safe but for start and stop. The storage must outlive it, and so must the server its channels.
class InprocServer {
 public:
  static Result<std::unique_ptr<InprocServer>> start(Storage& storage, MasterOptions options);
  ~InprocServer();

  Connector& connector();
  // Ends the thread; all channels are closed.
  void stop();
  // Why the server ended by itself: the storage failed.
  std::optional<Error> failure() const;

 private:
  struct Hall;
  InprocServer();
  std::unique_ptr<Hall> hall_;
};

}  // namespace rebus
