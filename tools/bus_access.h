// The bus of a chain: in this process, or reached over the network.
#pragma once

#include <memory>
#include <optional>

#include "bus/channel.h"
#include "tools/global_options.h"

namespace rebus {

class BusAccess {
 public:
  virtual ~BusAccess() = default;
  virtual Connector& connector() = 0;
  // Ends a bus that lives in this process.
  virtual void stop() = 0;
  // Why the bus itself ended, if it did.
  virtual std::optional<Error> failure() = 0;
};

// Opens the storage and starts a master for a bus in this process. kStorage, kUnavailable, kInvalid.
Result<std::unique_ptr<BusAccess>> open_bus(const Globals& globals);

}  // namespace rebus
