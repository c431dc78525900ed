#include "master/step.h"

#include <algorithm>

#include "master/plant.h"

namespace rebus {
namespace {

std::string key_of(const Domain& domain, const Selector& selector) {
  return domain.str() + " " + selector.str();
}

}  // namespace

Result<Seq> Step::lookup(const Domain& domain, const Selector& selector) const {
  if (!staged_.empty()) {
    auto it = staged_.find(key_of(domain, selector));
    if (it != staged_.end()) return changes_.descriptors[it->second].seq;
  }
  return storage_.lookup(domain, selector);
}

Result<Record> Step::get(Seq seq) const {
  auto it = std::find_if(changes_.descriptors.begin(), changes_.descriptors.end(),
                         [&](const Record& r) { return r.seq == seq; });
  if (it != changes_.descriptors.end()) return *it;
  return storage_.get(seq);
}

Result<bool> Step::has_origin(const Origin& origin) const {
  auto is_same = [&](const Origin& o) {
    return o.object == origin.object && o.container == origin.container && o.name == origin.name &&
           o.ordinal == origin.ordinal && (o.container != 0 || o.submission == origin.submission);
  };
  if (std::any_of(changes_.origins.begin(), changes_.origins.end(), is_same)) return true;
  auto stored = storage_.same_origin(origin);
  if (!stored) return stored.error();
  return stored->has_value();
}

void Step::add(Record record) {
  staged_[key_of(record.descriptor.domain, record.descriptor.selector)] = changes_.descriptors.size();
  changes_.descriptors.push_back(std::move(record));
}

Result<Submission*> Step::submission(SubmissionId id) {
  auto it = submissions_.find(id);
  if (it == submissions_.end()) {
    auto stored = storage_.submission(id);
    if (!stored) return stored.error();
    it = submissions_.emplace(id, *std::move(stored)).first;
  }
  return &it->second;
}

Result<Submission> Step::peek(SubmissionId id) const {
  auto it = submissions_.find(id);
  return it == submissions_.end() ? storage_.submission(id) : it->second;
}

Result<void> Step::apply() {
  for (auto& [id, submission] : submissions_) changes_.submissions.push_back(submission);
  if (is_planted(Plant::kMarkOutsideBatch)) {
    Changes marks;
    std::swap(marks.marks, changes_.marks);
    std::swap(marks.consumers, changes_.consumers);
    auto first = storage_.apply(marks);
    if (first) first = storage_.commit();
    if (!first) return first;
  }
  if (changes_.empty()) return {};
  return storage_.apply(changes_);
}

}  // namespace rebus
