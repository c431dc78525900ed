#include "bus/submission_review.h"

namespace rebus {

Result<void> SubmissionReview::run(SubmissionId submission) {
  if (auto done = look_for(By::kRoots, submission); !done) return done;
  while (!objects_.empty() && !ended_) {
    Seq object = objects_.back();
    objects_.pop_back();
    if (auto done = look_for(By::kDescendants, object); !done) return done;
    if (auto done = look_for(By::kContents, object); !done) return done;
  }
  return {};
}

Result<void> SubmissionReview::look_for(By by, Seq seq) {
  Find query;
  query.by = by;
  query.all_domains = true;
  query.seq = seq;
  do {
    auto items = bus_.find(query);
    if (!items) return items.error();
    for (const Record& record : items->records) {
      if (auto done = look_at(record); !done) return done;
    }
    query.cursor = items->cursor;
  } while (query.cursor != 0 && !ended_);
  return {};
}

Result<void> SubmissionReview::look_at(const Record& record) {
  if (ended_ || !seen_.insert(record.seq).second) return {};
  if (record.descriptor.is_object()) objects_.push_back(record.seq);
  if (covers(kLimitPath, record.descriptor.selector.path())) ended_ = !on_limit_(record);
  auto marks = bus_.marks(record.seq);
  if (!marks) return marks.error();
  for (const NamedMark& mark : *marks) {
    if (is_failure(mark.outcome) && !ended_) ended_ = !on_failure_(record, mark);
  }
  return {};
}

}  // namespace rebus
