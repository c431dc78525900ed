// OwnVersions: what an agent made on one type path, version after version.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "bus/bus.h"

namespace rebus {

class OwnVersions {
 public:
  // `use` is given what `agent` made, newest first, until it says true: from that one the agent goes on.
  // Versions of the same path that somebody else made are none.
  using Use = std::function<Result<bool>(const Record&)>;
  static Result<OwnVersions> find(Bus& bus, const Domain& domain, const std::string& agent, std::string path,
                                  const Use& use);

  // Those that are children of `parent`.
  static Result<OwnVersions> below(Bus& bus, const Record& parent, const std::string& agent,
                                   std::string path);

  // The next version, a child of `parent`; nothing if its value is that of the one that it goes on from. The
  // version before is no parent: after a thousand versions it would have a thousand.
  std::optional<NewDescriptor> next(const Descriptor& parent, Value value, Kind kind) const;

 private:
  std::string agent_, path_;
  uint32_t next_ = 0;
  std::optional<Digest> used_digest_;  // of a value
};

}  // namespace rebus
