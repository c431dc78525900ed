// Removal: takes descriptors and origins out of a store, with everything that tells of them.
#pragma once

#include <map>
#include <set>
#include <unordered_set>

#include "storage/storage.h"
#include "storage/totals.h"
#include "storage/value_store.h"

namespace rebus {

// Part of one ChangeWriter: adds to its transaction. Once for all of a step, so that what is removed together
// does not keep itself: bytes, labels, versions.
class Removal {
 public:
  Removal(Transaction& transaction, ValueStore& values, Totals& totals)
      : transaction_(transaction), values_(values), totals_(totals) {}

  // What is not there (any more) is passed over. kStorage.
  Result<void> remove(const std::vector<Seq>& descriptors, const std::vector<Origin>& origins);
  // Only the bytes.
  Result<void> prune(const Digest& value);

 private:
  Result<void> remove_descriptor(Seq seq);
  void remove_indexes(const Record& record);
  Result<void> remove_children(const Record& record);
  Result<void> remove_marks(Seq seq);
  Result<void> note_version(const Record& record);
  Result<void> remove_origin(Seq object, Seq seq);
  void remove_place(const Origin& origin, const std::vector<Origin>& others);
  void remove_names(const Origin& origin, const std::vector<Origin>& others);
  Result<std::vector<Origin>> other_origins(Seq object);

  Result<void> choose_versions();
  Result<void> choose_version(const Domain& domain, const std::string& path, uint32_t version, Seq after);
  Result<void> choose_labels();
  Result<void> drop_values();
  Result<bool> is_used(const Digest& value);
  Result<std::optional<Record>> record(Seq seq);

  Transaction& transaction_;
  ValueStore& values_;
  Totals& totals_;
  std::unordered_set<Seq> gone_;
  std::set<std::pair<Seq, Seq>> gone_origins_;  // object, position
  std::map<Seq, std::vector<Origin>> others_;   // of an object that stays: its origins that stay
  std::map<std::pair<std::string, std::string>, std::map<uint32_t, Seq>> versions_;  // domain, path
  std::set<std::pair<std::string, Uuid>> labels_;                                    // domain, uuid
  std::set<Digest> digests_;
};

}  // namespace rebus
