// RecentRecords: those that were stored or read last, unpacked.
#pragma once

#include <vector>

#include "descriptor/record.h"

namespace rebus {

// A descriptor that was just stored is read once for each consumer and each child. One thread.
class RecentRecords {
 public:
  static constexpr size_t kMost = 4096;  // with at most some 3 KiB each

  RecentRecords() : slots_(kMost) {}

  // Without its value.
  void keep(const Record& record);
  // Nothing if it is not there. Valid until the next keep() or drop().
  const Record* find(Seq seq) const;
  void drop(Seq seq);

 private:
  static size_t slot_of(Seq seq) { return seq % kMost; }
  std::vector<Record> slots_;  // seq 0: none
};

}  // namespace rebus
