#include "storage/type_count.h"

#include "storage/keys.h"

namespace rebus {

Result<void> count_type(Transaction& transaction, const Record& record, int change) {
  const Descriptor& d = record.descriptor;
  std::string key = type_key(record.lane, d.is_object(), d.domain, d.selector.path());
  auto stored = transaction.get(Family::kType, key);
  if (!stored) return stored.error();
  uint64_t count = *stored ? last_number(**stored) : 0;
  if (change < 0 && count == 0) return damaged(transaction.table(), Family::kType, key, "it counts too few");
  count += static_cast<uint64_t>(change);
  if (count == 0) {
    transaction.remove(Family::kType, std::move(key));
  } else {
    transaction.put(Family::kType, std::move(key), number_key(count));
  }
  return {};
}

}  // namespace rebus
