// OriginWalk: by which injections a file came in, be it through archives in archives.
#pragma once

#include <functional>
#include <unordered_map>

#include "storage/storage.h"

namespace rebus {

class OriginWalk {
 public:
  // Whether an injection (an origin without container) counts.
  using Counts = std::function<Result<bool>(const Origin&)>;
  OriginWalk(Storage& storage, Counts counts) : storage_(storage), counts_(std::move(counts)) {}

  // Whether an injection that counts leads to the object, directly or through its containers. What stands
  // below a position that is gone leads nowhere. Remembers its answers: for one step of the master.
  Result<bool> reaches(Seq object);

 private:
  Result<bool> look(Seq object, std::vector<Seq>& containers);

  Storage& storage_;
  Counts counts_;
  std::unordered_map<Seq, bool> known_;
};

}  // namespace rebus
