// StoreState: which store it is and how far it is.
#pragma once

#include <string>

#include "descriptor/record.h"

namespace rebus {

struct StoreState {
  std::string bus;     // 32 hex digits
  uint64_t epoch = 0;  // counts openings
  Seq head = 0;        // last position of the log
  bool operator==(const StoreState&) const = default;
};

// What a table lives in, if that wants to know how far the store is. Outlives the table.
class Surroundings {
 public:
  virtual ~Surroundings() = default;
  // Before anything is changed: kStorage if the store was once further than this.
  virtual Result<void> verify(const StoreState& recovered) = 0;
  // kStorage if there is no room now for what is new.
  virtual Result<void> has_room() = 0;
  // Before every apply: kStorage if there is not even room for notes. Nothing was attempted, so later ones
  // may succeed.
  virtual Result<void> has_room_for_notes() = 0;
  // After every commit. kStorage.
  virtual Result<void> committed(const StoreState& durable) = 0;
};

}  // namespace rebus
