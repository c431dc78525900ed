// ChangeWriter: turns one step's changes into one batch, with all its indexes.
#pragma once

#include <unordered_set>

#include "storage/storage.h"
#include "storage/totals.h"
#include "storage/value_store.h"

namespace rebus {

// One use. After an error nothing is written and the storage is as before.
class ChangeWriter {
 public:
  ChangeWriter(const Table& table, ValueStore& values, const Totals& totals);
  // kInvalid for changes that contradict the log, kNotFound for an origin of an object that is not there,
  // kStorage.
  Result<void> add(const Changes& changes);
  Batch take() { return transaction_.take(); }
  // As they are once the batch is written.
  const Totals& totals() const { return totals_; }

 private:
  Result<void> add_descriptor(const Record& record);
  Result<void> check(const Record& record) const;
  void index_identity(const Record& record);
  Result<void> index_version(const Record& record);
  Result<void> index_label(const Record& record);
  Result<void> index_children(const Record& record);

  Result<void> add_origin(const Origin& origin);
  Result<void> add_origin_entry(const Origin& origin, LogEntry object);
  void index_place(const Origin& origin);
  void index_names(const Origin& origin, const Domain& domain);

  void add_mark(const Mark& mark);
  void remove_mark(const Mark& mark);
  void add_attempt(const Attempt& attempt);
  void add_running(const Running& running);
  void add_consumer(const Consumer& consumer);
  Result<void> add_submission(const Submission& submission);
  void index_active(const Submission& submission, const Submission& old);
  void index_open(const Submission& submission, const Submission& old);

  Result<void> remove_consumer(ConsumerId consumer);
  Result<void> remove(const Changes& changes);
  Result<void> keep_values(const Changes& changes);
  Result<void> advance(Seq seq);

  Transaction transaction_;
  ValueStore& values_;
  Totals totals_;
  Seq old_head_;
  std::unordered_set<Seq> added_;  // positions
};

}  // namespace rebus
