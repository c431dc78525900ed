#include "storage/ram_values.h"

#include "storage/value_source.h"

namespace rebus {

RamValues::RamValues(uint64_t memory_limit)
    : memory_limit_(memory_limit), spool_({4 << 20, memory_limit}), overflow_({1 << 20, 0}) {}

Result<void> RamValues::keep(const Value& value, Transaction&) {
  if (values_.contains(value.digest())) return {};
  if (!value.source().takes_memory()) {
    values_.emplace(value.digest(), value);
    return {};
  }
  bool fits = in_memory_ + value.size() <= memory_limit_;
  auto kept = fits ? Result<Value>(value) : spilled(value);
  if (!kept) return kept.error();
  if (fits) in_memory_ += value.size();
  values_.emplace(value.digest(), *std::move(kept));
  return {};
}

Result<Value> RamValues::spilled(const Value& value) {
  auto writer = overflow_.create();
  auto copied = value.for_each_chunk([&](Bytes bytes) { return writer->append(bytes); });
  if (!copied) return copied.error();
  return writer->seal();
}

Result<void> RamValues::drop(const Digest& digest, Transaction&) {
  auto found = values_.find(digest);
  if (found == values_.end()) return {};
  if (found->second.source().takes_memory()) in_memory_ -= found->second.size();
  values_.erase(found);
  return {};
}

Result<Value> RamValues::find(const Record& record) const {
  auto found = values_.find(record.value_digest);
  if (found != values_.end()) return found->second;
  ValueName name{record.value_digest, record.descriptor.selector.id().value_or(Digest{}), record.value_size};
  return Value(std::make_shared<PrunedSource>(name), name.size, name.digest);
}

}  // namespace rebus
