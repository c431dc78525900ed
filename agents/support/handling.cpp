#include "agents/support/handling.h"

#include <algorithm>

#include "agents/support/named_records.h"

namespace rebus {
namespace {

Result<void> add_marks(Bus& bus, const Record& record, Handling& handling) {
  auto marks = bus.marks(record.seq);
  if (!marks) return marks.error();
  bool is_object = record.seq == record.object;
  for (const NamedMark& mark : *marks) {
    if (mark.outcome == Outcome::kDone && is_object) handling.handled_by.push_back(mark.agent);
    if (!is_failure(mark.outcome)) continue;
    handling.failures.push_back(
        {mark.agent, mark.message, mark.outcome, is_object ? "" : record.descriptor.selector.path()});
  }
  return {};
}

void sort_distinct(std::vector<std::string>& texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
}

}  // namespace

Result<Handling> handling_of(Bus& bus, const Record& object, const HandlingQuery& query) {
  Handling handling;
  auto marked = add_marks(bus, object, handling);
  if (!marked) return marked.error();
  sort_distinct(handling.handled_by);
  if (!query.failures_of_results && !query.limits) return handling;
  auto looked = for_each_of_object(bus, object.seq, [&](Record& record) -> Result<void> {
    if (record.seq == object.seq) return {};
    if (covers(kLimitPath, record.descriptor.selector.path())) handling.limits.push_back(record);
    return query.failures_of_results ? add_marks(bus, record, handling) : Result<void>();
  });
  if (!looked) return looked.error();
  return handling;
}

}  // namespace rebus
