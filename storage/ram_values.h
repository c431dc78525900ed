// RamValues: values as handles. In memory up to a limit, beyond it in unlinked temporary files.
#pragma once

#include <unordered_map>

#include "descriptor/spool.h"
#include "storage/value_store.h"

namespace rebus {

class RamValues final : public ValueStore {
 public:
  // Bytes of values that stay in memory.
  explicit RamValues(uint64_t memory_limit);
  ValueFactory& factory() override { return spool_; }
  Result<void> verify() override { return {}; }
  void begin() override {}
  Result<void> keep(const Value& value, Transaction& transaction) override;
  Result<void> drop(const Digest& digest, Transaction& transaction) override;
  void committed() override {}
  Result<bool> has(const Digest& digest) const override { return values_.contains(digest); }
  Result<void> settle() override { return {}; }
  Result<Value> find(const Record& record) const override;

 private:
  Result<Value> spilled(const Value& value);

  uint64_t memory_limit_;
  uint64_t in_memory_ = 0;
  Spool spool_;     // for new values: counts those that live, kept or not
  Spool overflow_;  // for values made elsewhere once memory is full: straight to a file
  std::unordered_map<Digest, Value> values_;
};

}  // namespace rebus
