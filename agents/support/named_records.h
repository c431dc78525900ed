// NamedRecords: for agents that print names while objects and their origins still arrive.
#pragma once

#include <functional>
#include <optional>

#include "agents/support/names.h"
#include "bus/agent.h"

namespace rebus {

// Turns what a reader is given into descriptors with names, so that each descriptor is given with each of its
// names exactly once, whatever came first: the result, or another name of its object. A descriptor whose
// object has no name (the note of a submission) comes with its label.
class NamedRecords {
 public:
  using Wanted = std::function<bool(const Descriptor&)>;
  using Use = std::function<Result<void>(const Record&, const NameList&)>;

  // `wanted` is asked, for an origin, about every earlier result of what it names; `use` gets those wanted.
  Result<void> take(Work& work, const Wanted& wanted, const Use& use);

 private:
  Result<void> tell(Work& work, Seq object, const NameList& names, const Wanted& wanted, const Use& use);
  Result<const std::vector<Seq>*> wanted_results(Bus& bus, Seq object, Seq before, const Wanted& wanted);

  Names names_;
  // Of objects that got further names: what is wanted of their results, so that a file that stands in an
  // archive a thousand times is not searched a thousand times. What comes later is added as it comes.
  std::unordered_map<Seq, std::vector<Seq>> results_;
  size_t results_size_ = 0;
};

// Calls `use` with the object and every stored result of it, in the order of the log as far as they depend on
// one another. Results of several objects belong to the one that Record::object names.
Result<void> for_each_of_object(Bus& bus, Seq object, const std::function<Result<void>(Record&)>& use);

// The first descriptor of a uuid, which is the file itself: its results come later. Nothing if there is none.
Result<std::optional<Record>> first_of_uuid(Bus& bus, const Domain& domain, const Uuid& uuid);

}  // namespace rebus
