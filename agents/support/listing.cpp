#include "agents/support/listing.h"

namespace rebus {

Result<std::string> listing_line(const Setting& setting, const Record& record, CurrentNames& names) {
  if (!wants_json(setting)) return record.descriptor.selector.str() + "\n";
  auto list = names.of(record);
  if (!list) return list.error();
  return metadata_json(record, &*list).str() + "\n";
}

}  // namespace rebus
