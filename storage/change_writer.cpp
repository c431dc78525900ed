#include "storage/change_writer.h"

#include <algorithm>

#include "descriptor/pack.h"
#include "storage/keys.h"
#include "storage/removal.h"
#include "storage/stored_entry.h"
#include "storage/type_count.h"

namespace rebus {
namespace {

template <class Items, class Add>
Result<void> for_each(const Items& items, Add add) {
  for (const auto& item : items) {
    auto added = add(item);
    if (!added) return added;
  }
  return {};
}

}  // namespace

ChangeWriter::ChangeWriter(const Table& table, ValueStore& values, const Totals& totals)
    : transaction_(table), values_(values), totals_(totals), old_head_(totals.head) {}

Result<void> ChangeWriter::add(const Changes& changes) {
  auto done = for_each(changes.descriptors, [&](const Record& r) { return add_descriptor(r); });
  if (done) done = for_each(changes.origins, [&](const Origin& o) { return add_origin(o); });
  if (done) done = for_each(changes.submissions, [&](const Submission& s) { return add_submission(s); });
  if (!done) return done;
  for (const Mark& mark : changes.marks) add_mark(mark);
  for (const Mark& mark : changes.unmarks) remove_mark(mark);
  for (const Attempt& attempt : changes.attempts) add_attempt(attempt);
  for (const Running& running : changes.running) add_running(running);
  for (const Collected& one : changes.collected) {
    transaction_.put(Family::kCollected, collected_key(one), "");
  }
  for (const Collected& one : changes.uncollected) {
    transaction_.remove(Family::kCollected, collected_key(one));
  }
  for (const auto& [consumer, state] : changes.states) {
    transaction_.put(Family::kState, consumer_key(consumer), pack(state));
  }
  for (const Consumer& consumer : changes.consumers) add_consumer(consumer);
  done = for_each(changes.removed_consumers, [&](ConsumerId id) { return remove_consumer(id); });
  if (done) done = keep_values(changes);
  if (done) done = remove(changes);
  if (!done) return done;
  bool is_counted =
      !changes.descriptors.empty() || !changes.removed.empty() || !changes.removed_origins.empty();
  if (is_counted) transaction_.put(Family::kSystem, kTotalsKey, pack(totals_));
  return {};
}

Result<void> ChangeWriter::remove(const Changes& changes) {
  Removal removal(transaction_, values_, totals_);
  auto done = removal.remove(changes.removed, changes.removed_origins);
  if (!done) return done;
  return for_each(changes.pruned_values, [&](const Digest& value) { return removal.prune(value); });
}

// Values come last: what is kept for changes that are refused would only lie about.
Result<void> ChangeWriter::keep_values(const Changes& changes) {
  values_.begin();
  auto done = for_each(changes.descriptors,
                       [&](const Record& r) { return values_.keep(r.descriptor.value, transaction_); });
  if (!done) return done;
  return for_each(changes.restored, [&](const Value& v) { return values_.keep(v, transaction_); });
}

// The log is only written at its end, so that a confused caller cannot overwrite what was.
Result<void> ChangeWriter::advance(Seq seq) {
  bool is_taken = seq <= old_head_ || !added_.insert(seq).second;
  totals_.head = std::max(totals_.head, seq);
  if (!is_taken) return {};
  return Error{Code::kInvalid, "log position " + std::to_string(seq) + " is taken (the log ends at " +
                                   std::to_string(totals_.head) + ")"};
}

// --- descriptors ---

Result<void> ChangeWriter::check(const Record& record) const {
  const Descriptor& d = record.descriptor;
  bool consistent =
      d.selector.id() && record.value_size == d.value.size() && record.value_digest == d.value.digest();
  if (consistent) return {};
  return Error{Code::kInvalid,
               "the record of " + d.selector.str() + " does not tell the size and digest of its value"};
}

Result<void> ChangeWriter::add_descriptor(const Record& record) {
  auto done = check(record);
  if (done) done = advance(record.seq);
  if (done) done = index_version(record);
  if (done) done = index_label(record);
  if (done) done = index_children(record);
  if (done) done = count_type(transaction_, record, +1);
  if (!done) return done;
  std::string head = encode_head(entry_of(record));
  transaction_.put(Family::kLog, number_key(record.seq), head + pack(record));
  transaction_.put(Family::kQueue, pair_key(record.submission, record.seq), std::move(head));
  index_identity(record);
  totals_.descriptors++;
  totals_.value_bytes += record.value_size;
  return {};
}

void ChangeWriter::index_identity(const Record& record) {
  const Descriptor& d = record.descriptor;
  const Digest& id = *d.selector.id();
  const std::string& path = d.selector.path();
  transaction_.put(Family::kIdentity, identity_key(id, d.domain, path), number_key(record.seq));
  transaction_.put(Family::kPath, path_key(d.domain, path, record.seq), digest_key(id));
  transaction_.put(Family::kUuid, uuid_key(d.uuid, record.seq), d.domain.str());
  if (id == record.value_digest) return;
  transaction_.put(Family::kDigest, value_digest_key(record.value_digest, record.seq),
                   digest_key(id) + d.domain.str());
}

Result<void> ChangeWriter::index_version(const Record& record) {
  const Descriptor& d = record.descriptor;
  std::string key = version_key(d.domain, d.selector.path(), d.version);
  auto first = transaction_.get(Family::kVersion, key);
  if (!first) return first.error();
  if (!*first) transaction_.put(Family::kVersion, std::move(key), number_key(record.seq));
  return {};
}

Result<void> ChangeWriter::index_label(const Record& record) {
  const Descriptor& d = record.descriptor;
  std::string key = label_key(d.domain, d.uuid);
  auto stored = transaction_.get(Family::kLabel, key);
  if (!stored) return stored.error();
  auto known = *stored ? decode_label(**stored) : std::nullopt;
  if (*stored && !known) return damaged(transaction_.table(), Family::kLabel, key, "it cannot be decoded");
  LabelChoice choice{!d.precursors.empty(), d.label};
  if (!known || choice < *known) transaction_.put(Family::kLabel, std::move(key), encode_label(choice));
  return {};
}

// A precursor that is not there (the log tolerates holes) has no list of children either.
Result<void> ChangeWriter::index_children(const Record& record) {
  for (const Selector& precursor : record.descriptor.precursors) {
    if (!precursor.id()) continue;
    auto parent = transaction_.get(Family::kIdentity,
                                   identity_key(*precursor.id(), record.descriptor.domain, precursor.path()));
    if (!parent) return parent.error();
    if (*parent) transaction_.put(Family::kChild, pair_key(last_number(**parent), record.seq), "");
  }
  return {};
}

// --- origins ---

Result<void> ChangeWriter::add_origin(const Origin& origin) {
  auto entry = transaction_.get(Family::kLog, number_key(origin.object));
  if (!entry) return entry.error();
  std::string_view bytes = *entry ? std::string_view(**entry) : std::string_view();
  auto object = decode_head(bytes, origin.object);
  if (!object || object->is_origin) {
    return Error{Code::kNotFound,
                 "no object at log position " + std::to_string(origin.object) + " for an origin"};
  }
  index_place(origin);
  index_names(origin, object->domain);
  return origin.seq == origin.object ? Result<void>() : add_origin_entry(origin, *std::move(object));
}

Result<void> ChangeWriter::add_origin_entry(const Origin& origin, LogEntry object) {
  auto advanced = advance(origin.seq);
  if (!advanced) return advanced;
  object.is_origin = true;
  std::string head = encode_head(object);
  transaction_.put(Family::kLog, number_key(origin.seq), head + number_key(origin.object));
  transaction_.put(Family::kQueue, pair_key(origin.submission, origin.seq), std::move(head));
  return {};
}

void ChangeWriter::index_place(const Origin& origin) {
  transaction_.put(Family::kOrigin, pair_key(origin.object, origin.seq), pack(origin));
  transaction_.put(Family::kSameOrigin, same_origin_key(origin), number_key(origin.seq));
  if (origin.container == 0) {
    transaction_.put(Family::kRoot, pair_key(origin.submission, origin.object), "");
    return;
  }
  transaction_.put(Family::kContainer, pair_key(origin.container, origin.seq), number_key(origin.object));
  transaction_.put(Family::kContent, pair_key(origin.container, origin.object), "");
}

void ChangeWriter::index_names(const Origin& origin, const Domain& domain) {
  std::string_view last = base_name(origin.name);
  transaction_.put(Family::kName, name_key(origin.name, origin.object), domain.str());
  if (last == origin.name || last.empty()) return;
  transaction_.put(Family::kName, name_key(last, origin.object), domain.str());
}

// --- progress ---

void ChangeWriter::add_mark(const Mark& mark) {
  transaction_.put(Family::kMark, mark_key(mark.seq, mark.consumer), encode_mark(mark));
  if (is_failure(mark.outcome)) transaction_.put(Family::kFailure, task_key(mark.consumer, mark.seq), "");
}

void ChangeWriter::remove_mark(const Mark& mark) {
  transaction_.remove(Family::kMark, mark_key(mark.seq, mark.consumer));
  transaction_.remove(Family::kFailure, task_key(mark.consumer, mark.seq));
}

void ChangeWriter::add_attempt(const Attempt& attempt) {
  std::string key = task_key(attempt.consumer, attempt.seq);
  if (attempt.empty()) return transaction_.remove(Family::kAttempt, std::move(key));
  transaction_.put(Family::kAttempt, std::move(key), pack(attempt));
}

// Overwritten for every task of the instance, never removed: there are as many as instances at once.
void ChangeWriter::add_running(const Running& running) {
  transaction_.put(Family::kRunning, slot_key(running.consumer, running.slot),
                   pair_key(running.seq, running.token));
}

void ChangeWriter::add_consumer(const Consumer& consumer) {
  transaction_.put(Family::kConsumer, consumer_key(consumer.id), pack(consumer));
}

Result<void> ChangeWriter::remove_consumer(ConsumerId consumer) {
  std::string prefix = consumer_key(consumer);
  transaction_.remove(Family::kConsumer, prefix);
  for (Family family :
       {Family::kFailure, Family::kAttempt, Family::kRunning, Family::kCollected, Family::kState}) {
    auto done = scan(transaction_.table(), family, prefix, prefix, [&](auto key, auto) -> Result<bool> {
      transaction_.remove(family, std::string(key));
      return true;
    });
    if (!done) return done;
  }
  return {};
}

Result<void> ChangeWriter::add_submission(const Submission& submission) {
  std::string key = number_key(submission.id);
  auto stored = transaction_.get(Family::kSubmission, key);
  if (!stored) return stored.error();
  auto old = *stored ? unpack<Submission>(**stored) : Submission{};
  if (!old) return damaged(transaction_.table(), Family::kSubmission, key, old.error().message);
  index_active(submission, *old);
  index_open(submission, *old);
  transaction_.put(Family::kSubmission, std::move(key), pack(submission));
  totals_.last_submission = std::max(totals_.last_submission, submission.id);
  return {};
}

void ChangeWriter::index_active(const Submission& submission, const Submission& old) {
  if (old.last == submission.last && old.lane == submission.lane) return;
  std::string key = active_key(submission.lane, submission.last, submission.id);
  std::string old_key = active_key(old.lane, old.last, submission.id);
  if (old.last != 0 && old_key != key) transaction_.remove(Family::kActive, std::move(old_key));
  if (submission.last != 0) transaction_.put(Family::kActive, std::move(key), number_key(submission.last));
}

void ChangeWriter::index_open(const Submission& submission, const Submission& old) {
  if (submission.open && !old.open) transaction_.put(Family::kOpen, number_key(submission.id), "");
  if (!submission.open && old.open) transaction_.remove(Family::kOpen, number_key(submission.id));
}

}  // namespace rebus
