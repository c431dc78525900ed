// Taking: what a consumer declared to take, as the bus tells it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agents/support/pattern.h"
#include "bus/bus.h"

namespace rebus {

class Taking {
 public:
  // What cannot be read of it (another version's declaration) is taken for "everything".
  static Taking of(const ConsumerStatus& status);

  bool serves(const Domain& domain) const;
  // Whether the descriptor, of a domain that it serves, is among what the consumer is given.
  bool includes(const Descriptor& d) const;

 private:
  void read(const std::string& declared);

  Domain domain_;
  bool own_domain_ = false;
  bool objects_only_ = false;
  std::vector<std::string> prefixes_;
  std::optional<Pattern> regex_;
};

}  // namespace rebus
