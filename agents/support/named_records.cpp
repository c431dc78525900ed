#include "agents/support/named_records.h"

namespace rebus {
namespace {

constexpr size_t kMaxResultsKept = 1 << 20;

NameList with_label(NameList list, const Descriptor& d) {
  if (list.names.empty() && !list.more) list.names.push_back(d.label);
  return list;
}

}  // namespace

Result<void> NamedRecords::take(Work& work, const Wanted& wanted, const Use& use) {
  BusOrigins origins(work.bus());
  const Record& record = work.record();
  if (work.origin() != nullptr) {
    return names_.gained(origins, *work.origin(), [&](Seq object, const NameList& names) {
      return tell(work, object, names, wanted, use);
    });
  }
  if (!wanted(record.descriptor)) return {};
  if (record.object == 0) return use(record, with_label({}, record.descriptor));
  if (auto it = results_.find(record.object); it != results_.end()) it->second.push_back(record.seq);
  auto names = names_.of(origins, record.object, record.seq);
  return names ? use(record, with_label(std::move(*names), record.descriptor)) : names.error();
}

// Gives what is wanted of an object under names that it has just gained.
Result<void> NamedRecords::tell(Work& work, Seq object, const NameList& names, const Wanted& wanted,
                                const Use& use) {
  auto results = wanted_results(work.bus(), object, work.origin()->seq, wanted);
  if (!results) return results.error();
  for (Seq seq : **results) {
    auto record = work.bus().get(seq);
    if (!record) return record.error();
    auto used = use(*record, names);
    if (!used) return used;
  }
  return {};
}

Result<const std::vector<Seq>*> NamedRecords::wanted_results(Bus& bus, Seq object, Seq before,
                                                             const Wanted& wanted) {
  if (auto it = results_.find(object); it != results_.end()) return &it->second;
  if (results_size_ > kMaxResultsKept) results_.clear(), results_size_ = 0;
  std::vector<Seq> results;
  auto found = for_each_of_object(bus, object, [&](Record& record) -> Result<void> {
    if (record.seq < before && wanted(record.descriptor)) results.push_back(record.seq);
    return {};
  });
  if (!found) return found.error();
  results_size_ += results.size() + 1;
  return &(results_[object] = std::move(results));
}

Result<void> for_each_of_object(Bus& bus, Seq object, const std::function<Result<void>(Record&)>& use) {
  auto record = bus.get(object);
  if (!record) return record.error();
  auto used = use(*record);
  if (!used) return used;
  Find results{
      .by = By::kDescendants, .domain = record->descriptor.domain, .text = {}, .seq = object, .agent = {}};
  auto done = bus.for_each(results, [&](Record& result) {
    if (result.object == object) used = use(result);
    return used.ok();
  });
  return done ? used : done;
}

Result<std::optional<Record>> first_of_uuid(Bus& bus, const Domain& domain, const Uuid& uuid) {
  Find query{.by = By::kUuid, .domain = domain, .text = uuid.str(), .limit = 1, .agent = {}};
  std::optional<Record> first;
  auto found = bus.for_each(query, [&](Record& record) {
    first = std::move(record);
    return false;
  });
  if (!found) return found.error();
  return first;
}

}  // namespace rebus
