#include "agents/support/current_names.h"

namespace rebus {

Result<CurrentNames> CurrentNames::begin(Bus& bus) {
  auto status = bus.status();
  if (!status) return status.error();
  return CurrentNames(bus, status->head);
}

Result<NameList> CurrentNames::of(const Record& record) {
  auto names = record.object == 0 ? NameList() : names_.of(origins_, record.object, head_);
  if (names && names->names.empty()) names->names.push_back(record.descriptor.label);
  return names;
}

}  // namespace rebus
