// DiskValues: small values in the table, large ones in files.
#pragma once

#include "storage/free_space.h"
#include "storage/value_directory.h"
#include "storage/value_store.h"

namespace rebus {

// Values up to this size (bytes) are in the table, larger ones in files. It is part of the on-disk format.
inline constexpr uint64_t kMaxTableValue = 512 << 10;

class DiskValues final : public ValueStore {
 public:
  // The directory exists.
  DiskValues(std::string directory, std::shared_ptr<Table> table, FreeSpace space);
  ~DiskValues() override;
  ValueFactory& factory() override;
  Result<void> verify() override;
  void begin() override { staged_.clear(); }
  Result<void> keep(const Value& value, Transaction& transaction) override;
  Result<void> drop(const Digest& digest, Transaction& transaction) override;
  void committed() override;
  bool is_dropping() const override { return !doomed_.empty(); }
  Result<bool> has(const Digest& digest) const override;
  Result<void> settle() override;
  Result<Value> find(const Record& record) const override;

 private:
  class Factory;
  Result<void> keep_bytes(const Value& value, Transaction& transaction);
  Result<void> keep_file(const Value& value, Transaction& transaction);
  Result<Value> copied(const Value& value);
  static Error changed(const Value& value);

  std::shared_ptr<ValueDirectory> directory_;  // shared with the writers
  std::shared_ptr<Table> table_;
  std::unique_ptr<Factory> factory_;
  std::vector<Value> staged_;  // sources are PendingFiles
  std::set<Digest> doomed_;    // whose files go once nothing durable names them
};

}  // namespace rebus
