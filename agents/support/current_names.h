// CurrentNames: the names that objects have now, for agents that ask once.
#pragma once

#include <memory>

#include "agents/support/names.h"
#include "bus/bus.h"

namespace rebus {

// All answers are about the moment of begin(). Lives no longer than the bus.
class CurrentNames {
 public:
  static Result<CurrentNames> begin(Bus& bus);
  // The names of the object that `record` is or comes from; its label if there are none.
  Result<NameList> of(const Record& record);

 private:
  CurrentNames(Bus& bus, Seq head) : origins_(bus), head_(head) {}

  BusOrigins origins_;
  Names names_;
  Seq head_;
};

}  // namespace rebus
