// Catalog: answers what is asked about stored things.
#pragma once

#include "bus/message.h"
#include "storage/storage.h"

namespace rebus {

class Catalog {
 public:
  explicit Catalog(Storage& storage) : storage_(storage) {}

  Result<Items> find(const Find& query);
  Result<Data> read(const Read& call);
  Result<Origins> origins(const ListOrigins& call);
  Result<Uuids> uuids(const ListUuids& call);

  // A record as it leaves the master.
  static Record outward(Record record);

 private:
  Result<Page> positions(const Find& query, size_t limit);
  Result<Page> by_selector(const Find& query);
  Result<Page> descendants(const Find& query, size_t limit);

  Storage& storage_;
};

}  // namespace rebus
