#include "storage/recent_records.h"

namespace rebus {
namespace {

constexpr size_t kMostText = 2048;  // bytes
constexpr size_t kMostParts = 16;   // precursors, or paths of the ancestry

bool is_small(const Record& record) {
  const Descriptor& d = record.descriptor;
  return d.label.size() + d.selector.path().size() <= kMostText && d.precursors.size() <= kMostParts &&
         record.ancestry.size() <= kMostParts;
}

}  // namespace

void RecentRecords::keep(const Record& record) {
  if (!is_small(record)) return drop(record.seq);
  Record& slot = slots_[slot_of(record.seq)];
  slot = record;
  slot.descriptor.value = Value();
}

const Record* RecentRecords::find(Seq seq) const {
  const Record& slot = slots_[slot_of(seq)];
  return seq != 0 && slot.seq == seq ? &slot : nullptr;
}

void RecentRecords::drop(Seq seq) {
  Record& slot = slots_[slot_of(seq)];
  if (slot.seq == seq) slot = Record();
}

}  // namespace rebus
