// ValueStore: how the bytes of values are kept beside the indexes. One per engine.
#pragma once

#include "descriptor/record.h"
#include "storage/transaction.h"

namespace rebus {

// One thread, but factory() is for any, and the values outlive the store (reading them then is kStorage).
class ValueStore {
 public:
  virtual ~ValueStore() = default;
  virtual ValueFactory& factory() = 0;
  // Once, before anything is written: kStorage if something that the table names is not there.
  virtual Result<void> verify() = 0;
  // One round per batch: begin(), keep() for each value, settle() before the batch is written.
  // begin() forgets what a round that was given up had kept.
  virtual void begin() = 0;
  // Keeps the value unless equal bytes are kept; what must be written with the batch is added to it.
  virtual Result<void> keep(const Value& value, Transaction& transaction) = 0;
  // Forgets the bytes, if they are kept. What they take up is freed once the batch is durable: committed().
  virtual Result<void> drop(const Digest& digest, Transaction& transaction) = 0;
  virtual void committed() = 0;
  // Whether there is something for committed() to free.
  virtual bool is_dropping() const { return false; }
  virtual Result<bool> has(const Digest& digest) const = 0;
  // Brings what the batch will name to where it names it, durably. After an error the store is not to be
  // used.
  virtual Result<void> settle() = 0;
  // The value of a record, of which only size and digest are known; does not read it.
  virtual Result<Value> find(const Record& record) const = 0;
};

}  // namespace rebus
