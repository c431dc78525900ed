#include "tests/simulation/crash_store.h"

#include <cstdlib>

#include "descriptor/spool.h"
#include "storage/keys.h"

namespace rebus::simulation {
namespace {

// Small values, in the table: what is lost of it is lost of them.
class TableValues final : public ValueStore {
 public:
  explicit TableValues(const Table& table) : table_(table) {}
  ValueFactory& factory() override { return spool_; }
  Result<void> verify() override { return {}; }
  void begin() override {}
  Result<void> keep(const Value& value, Transaction& transaction) override {
    transaction.put(Family::kBytes, digest_key(value.digest()), *value.load(1 << 20));
    return {};
  }
  Result<void> drop(const Digest& digest, Transaction& transaction) override {
    transaction.remove(Family::kBytes, digest_key(digest));
    return {};
  }
  void committed() override {}
  Result<bool> has(const Digest& digest) const override {
    return table_.get(Family::kBytes, digest_key(digest))->has_value();
  }
  Result<void> settle() override { return {}; }
  Result<Value> find(const Record& record) const override {
    auto bytes = *table_.get(Family::kBytes, digest_key(record.value_digest));
    return Value::of(bytes.value_or(""));
  }

 private:
  const Table& table_;
  Spool spool_{{4 << 20, 64 << 20}};
};

}  // namespace

void CrashTable::lose(size_t batches) {
  for (; batches > 0 && !undo_.empty(); batches--) {
    if (!inner_.write(std::move(undo_.back()))) std::abort();
    undo_.pop_back();
  }
}

Result<void> CrashTable::write(Batch batch) {
  Batch undo;
  for (const Operation& operation : batch) {
    auto old = *inner_.get(operation.family, operation.key);
    undo.push_front({operation.family, !old, operation.key, old.value_or(""), {}});
    auto written = inner_.write({operation});
    if (!written) return written;
  }
  undo_.push_back(std::move(undo));
  return {};
}

Result<void> CrashTable::sync() {
  undo_.clear();
  return inner_.sync();
}

CrashStore::CrashStore() {
  if (!create_store(*table_)) std::abort();
  open();
}

void CrashStore::crash(std::mt19937_64& random) {
  storage_.reset();
  table_->lose(random() % (table_->unsynced() + 1));
  open();
}

void CrashStore::open() {
  auto storage = TableStorage::open(table_, std::make_unique<TableValues>(*table_));
  if (!storage) std::abort();
  storage_ = *std::move(storage);
}

}  // namespace rebus::simulation
