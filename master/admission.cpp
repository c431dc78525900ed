#include "master/admission.h"

#include <algorithm>
#include <set>

#include "descriptor/escape.h"
#include "descriptor/json.h"
#include "master/ancestry.h"

namespace rebus {
namespace {

constexpr uint64_t kRatioBonus = 100;  // bytes derived per byte injected, on top (profile local)

Result<void> check_shape(const Descriptor& d) {
  if (!d.selector.id()) return Error{Code::kInvalid, "a pushed selector needs its identity"};
  if (d.label.size() > kMaxLabel) return Error{Code::kInvalid, "label of more than 4096 bytes"};
  if (d.precursors.size() > kMaxPrecursors) return Error{Code::kInvalid, "more than 1024 precursors"};
  if (d.salt.size() > 64) return Error{Code::kInvalid, "salt of more than 64 bytes"};
  return {};
}

Origin make_origin(const OriginClaim& claim, const Producer& producer) {
  Origin origin;
  origin.name = claim.name;
  origin.replaces = claim.replaces;
  origin.ordinal = claim.ordinal;
  origin.agent = producer.hello.agent;
  origin.stored_at_ns = producer.now_ns;
  return origin;
}

// What was dropped of a cancelled submission is wanted again, and with it what its containers shared with
// others that are cancelled: whoever looks behind their new end finds them.
Result<void> revive(Step& step, SubmissionId cancelled) {
  std::set<SubmissionId> seen{cancelled};
  std::vector<SubmissionId> todo{cancelled};
  while (!todo.empty()) {
    auto next = step.peek(todo.back());
    todo.pop_back();
    if (!next) return next.error();
    if (!next->cancelled) continue;
    auto submission = step.submission(next->id);
    if (!submission) return submission.error();
    (*submission)->last = std::max((*submission)->last, step.last_seq() + 1);
    step.revive(next->id);
    for (SubmissionId other : next->depends) {
      if (seen.insert(other).second) todo.push_back(other);
    }
  }
  return {};
}

// The submission depends on the one that brought the object first. In a cancelled one a container that others
// want may hold what was dropped.
Result<void> share(Step& step, Submission& submission, const Record& object) {
  if (submission.id == object.submission)
    return submission.cancelled ? revive(step, submission.id) : Result<void>();
  auto it = std::lower_bound(submission.depends.begin(), submission.depends.end(), object.submission);
  bool is_known = it != submission.depends.end() && *it == object.submission;
  auto brought_by = step.peek(object.submission);
  if (!brought_by) return brought_by.error();
  if (is_known && !brought_by->cancelled) return {};
  if (!is_known) submission.depends.insert(it, object.submission);
  auto first = step.submission(object.submission);
  if (!first) return first.error();
  (*first)->shared = true;
  return (*first)->cancelled ? revive(step, object.submission) : Result<void>();
}

// The bytes of what is known are stored; unless they were removed.
Result<void> restore(Step& step, Seq known, const Value& value) {
  auto pruned = step.is_pruned(value.digest());
  if (!pruned) return pruned.error();
  if (*pruned) step.restore(known, value);
  return {};
}

// A parent or container, by its identity.
Result<Record> get_stored(Step& step, const Domain& domain, const Selector& selector) {
  auto seq = selector.id() ? step.lookup(domain, selector) : Result<Seq>(Seq{0});
  if (!seq) return seq.error();
  if (*seq == 0) return Error{Code::kNotFound, "no " + selector.str() + " in domain " + domain.str()};
  return step.get(*seq);
}

Result<std::vector<Record>> parents_of(Step& step, const Descriptor& d) {
  std::vector<Record> parents;
  for (const Selector& precursor : d.precursors) {
    auto record = get_stored(step, d.domain, precursor);
    if (!record) return record.error();
    parents.push_back(*std::move(record));
  }
  return parents;
}

}  // namespace

Result<Pushed> Admission::add(Step& step, NewDescriptor item, const Producer& producer) {
  Descriptor& d = item.descriptor;
  auto shape = check_shape(d);
  if (!shape) return shape.error();
  stamp(d, producer);
  if (identity(d) != *d.selector.id()) {
    return Error{Code::kConflict,
                 "identity of " + d.selector.str() + " does not fit value, agent and parents"};
  }
  if (d.precursors.empty()) return add_object(step, std::move(item), producer);
  return add_result(step, std::move(d), producer);
}

void Admission::stamp(Descriptor& d, const Producer& producer) {
  d.agent = producer.hello.agent;
  d.producer_version = producer.hello.version;
  d.host = producer.hello.host;
  d.sandbox = producer.hello.sandbox;
  d.stored_at_ns = producer.now_ns;
}

Result<Pushed> Admission::add_object(Step& step, NewDescriptor item, const Producer& producer) {
  Descriptor& d = item.descriptor;
  if (!item.origin && d.is_object()) {
    return Error{Code::kInvalid, "an object needs an origin: a name, and a container or an injection"};
  }
  std::optional<Record> container;
  if (item.origin && !item.origin->container.empty()) {
    auto stored = get_stored(step, d.domain, item.origin->container);
    if (!stored) return stored.error();
    container = *std::move(stored);
  }
  SubmissionId number = producer.submission != 0 || !container ? producer.submission : container->submission;
  auto submission = step.submission(number);
  if (!submission) return submission.error();

  auto known = step.lookup(d.domain, d.selector);
  if (!known) return known.error();
  Record record;
  if (*known != 0) {
    auto stored = step.get(*known);
    if (!stored) return stored.error();
    record = *std::move(stored);
    auto restored = restore(step, *known, d.value);
    if (!restored) return restored.error();
    auto shared = share(step, **submission, record);
    if (!shared) return shared.error();
  } else {
    record.level = container ? container->level + 1 : 0;
    if (container && record.level > limits_.levels) {
      return add_limit(step, *container, "depth", d, producer, {Code::kLimit, "containers nest too deep"});
    }
    if (container) {
      auto budget = spend_budget(**submission, d.value.size());
      if (!budget) return add_limit(step, *container, "submission", d, producer, budget.error());
    }
    record.seq = record.object = step.new_seq();
    record.submission = number;
    record.lane = (*submission)->lane;
    record.ancestry = {{d.selector.path(), 1}};
    record.descriptor = std::move(d);
  }
  Pushed pushed{record.seq, *known == 0};
  if (item.origin) {
    Origin origin = make_origin(*item.origin, producer);
    origin.object = record.seq;
    origin.container = container ? container->seq : 0;
    origin.submission = number;
    auto added = add_origin(step, std::move(origin), record, pushed.fresh);
    if (!added) return added.error();
  }
  if (pushed.fresh) {
    auto entered = enter_log(step, std::move(record));
    if (!entered) return entered.error();
  }
  return pushed;
}

Result<void> Admission::spend_budget(Submission& submission, uint64_t bytes) const {
  uint64_t most = limits_.submission_bytes;
  if (limits_.ratio_bonus) most += std::min(submission.root_bytes, UINT64_MAX / 1024) * kRatioBonus;
  if (submission.files + 1 > limits_.submission_files || submission.bytes + bytes > most) {
    return Error{Code::kLimit, "the submission's budget of profile " + limits_.profile +
                                   " is spent: " + std::to_string(submission.files) + " files, " +
                                   std::to_string(submission.bytes) + " bytes derived"};
  }
  submission.files++;
  submission.bytes += bytes;
  return {};
}

Result<void> Admission::add_origin(Step& step, Origin origin, const Record& object, bool is_first) {
  if (!is_first) {
    auto known = step.has_origin(origin);
    if (!known) return known.error();
    if (*known) return {};
  }
  origin.seq = is_first ? object.seq : step.new_seq();
  if (origin.container == 0) {
    auto submission = step.submission(origin.submission);
    if (!submission) return submission.error();
    (*submission)->roots++;
    (*submission)->root_bytes += object.descriptor.value.size();
  }
  step.add(std::move(origin));
  return {};
}

Result<Pushed> Admission::add_result(Step& step, Descriptor d, const Producer& producer) {
  auto known = step.lookup(d.domain, d.selector);
  if (!known) return known.error();
  if (*known != 0) {
    auto restored = restore(step, *known, d.value);
    return restored ? Result<Pushed>(Pushed{*known, false}) : restored.error();
  }
  auto parents = parents_of(step, d);
  if (!parents) return parents.error();
  bool inherits = std::any_of(parents->begin(), parents->end(),
                              [&](const Record& p) { return p.descriptor.uuid == d.uuid; });
  if (!inherits) return Error{Code::kInvalid, "a result belongs to the uuid of one of its precursors"};

  const Record& parent = parents->front();
  Record record;
  for (const Record& p : *parents) {
    record.depth = std::max(record.depth, p.depth + 1);
    if (repeats(p.ancestry, d.selector.path()) > kMaxRepeats) {
      return add_limit(step, parent, "loop", d, producer,
                       {Code::kLoop, "type path " + d.selector.path() + " stands 3 times in the ancestry"});
    }
  }
  if (record.depth > kMaxDepth) {
    return add_limit(step, parent, "depth", d, producer, {Code::kLimit, "more than 64 derivations"});
  }
  record.seq = step.new_seq();
  record.object = parent.object;
  record.submission = producer.submission != 0 ? producer.submission : parent.submission;
  record.lane = parent.lane;
  record.level = parent.level;
  record.ancestry = extend_ancestry(*parents, d.selector.path());
  record.descriptor = std::move(d);
  Pushed pushed{record.seq, true};
  auto entered = enter_log(step, std::move(record));
  if (!entered) return entered.error();
  return pushed;
}

// The refusal leaves a visible result under the parent; the same refusal again is the same result.
Result<Pushed> Admission::add_limit(Step& step, const Record& parent, const std::string& what,
                                    const Descriptor& refused, const Producer& producer, Error error) {
  std::string text = JsonObject{}
                         .add("agent", producer.hello.agent)
                         .add("path", refused.selector.path())
                         .add("reason", what)
                         .str();
  Descriptor d = make_child(parent.descriptor, "master", std::string(kLimitPath) + "/" + what,
                            Value::of(std::move(text)), Kind::kStructured);
  d.stored_at_ns = producer.now_ns;
  auto known = step.lookup(d.domain, d.selector);
  if (!known) return known.error();
  if (*known == 0) {
    Record record;
    record.seq = step.new_seq();
    record.object = parent.object;
    record.submission = parent.submission;
    record.lane = parent.lane;
    record.depth = parent.depth + 1;
    record.level = parent.level;
    record.ancestry = extend_ancestry({parent}, d.selector.path());
    record.descriptor = std::move(d);
    auto entered = enter_log(step, std::move(record));
    if (!entered) return entered.error();
  }
  return error;
}

Result<void> Admission::enter_log(Step& step, Record record) {
  auto submission = step.submission(record.submission);
  if (!submission) return submission.error();
  Submission& s = **submission;
  if (s.first == 0) s.first = record.seq;
  s.last = record.seq;
  if (!record.descriptor.precursors.empty()) s.results++;
  if (covers(kLimitPath, record.descriptor.selector.path())) s.limits++;
  record.value_size = record.descriptor.value.size();
  record.value_digest = record.descriptor.value.digest();
  step.add(std::move(record));
  return {};
}

}  // namespace rebus
