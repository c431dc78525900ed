// Transaction: a batch in the making that reads what it already changed.
#pragma once

#include <unordered_map>

#include "storage/table.h"

namespace rebus {

class Transaction {
 public:
  explicit Transaction(const Table& table) : table_(table) {}

  void put(Family family, std::string key, std::string value);
  // The bytes must live until the batch is written.
  void put_borrowed(Family family, std::string key, std::string_view bytes);
  void remove(Family family, std::string key);
  // Sees the puts and removals of this transaction in the families that is_read_back() names, and else the
  // table.
  Result<std::optional<std::string>> get(Family family, const std::string& key) const;
  const Table& table() const { return table_; }
  Batch take() { return std::move(batch_); }

 private:
  const Table& table_;
  Batch batch_;
  std::unordered_map<std::string, const Operation*> written_;  // by family and key
};

}  // namespace rebus
