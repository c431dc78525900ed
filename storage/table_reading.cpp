// What TableStorage reads by its place: records, log, origins, marks, consumers, submissions.
#include <limits>

#include "descriptor/pack.h"
#include "storage/keys.h"
#include "storage/stored_entry.h"
#include "storage/table_storage.h"

namespace rebus {
namespace {

Error undecodable(const Table& table, Family family, std::string_view key) {
  return damaged(table, family, key, "it cannot be decoded");
}

}  // namespace

Result<std::string> TableStorage::must_get(Family family, const std::string& key) {
  auto value = table_->get(family, key);
  if (!value) return value.error();
  if (!*value) return damaged(*table_, family, key, "it is missing");
  return **std::move(value);
}

template <class T>
Result<T> TableStorage::decode(Family family, std::string_view key, std::string_view value) {
  auto structure = unpack<T>(value);
  if (!structure) return undecodable(*table_, family, key);
  return structure;
}
template Result<Totals> TableStorage::decode(Family, std::string_view, std::string_view);

Result<void> TableStorage::scan(Family family, std::string_view prefix, std::string_view start,
                                const UseEntry& use) {
  return rebus::scan(*table_, family, prefix, start, use);
}

// --- records and the log ---

Result<Record> TableStorage::get(Seq seq) {
  const Record* recent = recent_.find(seq);
  auto record = recent != nullptr ? Result<Record>(*recent) : stored_record(seq);
  if (!record) return record;
  auto value = values_->find(*record);
  if (!value) return value.error();
  record->descriptor.value = *std::move(value);
  return record;
}

// Without its value.
Result<Record> TableStorage::stored_record(Seq seq) {
  std::string key = number_key(seq);
  auto stored = table_->get(Family::kLog, key);
  if (!stored) return stored.error();
  if (!*stored) return Error{Code::kNotFound, "nothing is stored at log position " + std::to_string(seq)};
  std::string_view bytes = **stored;
  auto head = decode_head(bytes, seq);
  if (!head) return undecodable(*table_, Family::kLog, key);
  if (head->is_origin) return Error{Code::kNotFound, "log position " + std::to_string(seq) + " is an origin"};
  auto record = decode<Record>(Family::kLog, key, bytes);
  if (record) recent_.keep(*record);
  return record;
}

Result<Seq> TableStorage::lookup(const Domain& domain, const Selector& selector) {
  if (selector.version()) return lookup_version(domain, selector.path(), *selector.version());
  if (!selector.id()) return Seq{0};
  auto seq = table_->get(Family::kIdentity, identity_key(*selector.id(), domain, selector.path()));
  if (!seq) return seq.error();
  return *seq ? last_number(**seq) : Seq{0};
}

Result<Seq> TableStorage::lookup_version(const Domain& domain, const std::string& path, int64_t version) {
  constexpr uint32_t kHighest = std::numeric_limits<uint32_t>::max();
  std::string prefix = version_prefix(domain, path);
  auto at = table_->iterate(Family::kVersion);
  if (version > kHighest) return Seq{0};
  if (version >= 0) {
    std::string key = version_key(domain, path, static_cast<uint32_t>(version));
    at->seek(key);
    if (at->valid() && at->key() == key) return last_number(at->value());
  } else {
    at->seek_back(version_key(domain, path, kHighest));
    for (; version < -1 && at->valid() && at->key().starts_with(prefix); version++) at->previous();
    if (at->valid() && at->key().starts_with(prefix)) return last_number(at->value());
  }
  auto status = at->status();
  if (!status) return status.error();
  return Seq{0};
}

Result<std::vector<LogEntry>> TableStorage::entries(Family family, const std::string& prefix, Seq from,
                                                    size_t limit) {
  std::vector<LogEntry> out;
  if (limit == 0) return out;
  auto add = [&](std::string_view key, std::string_view value) -> Result<bool> {
    auto entry = decode_head(value, last_number(key));
    if (!entry) return undecodable(*table_, family, key);
    out.push_back(*std::move(entry));
    return out.size() < limit;
  };
  auto done = scan(family, prefix, prefix + number_key(from), add);
  if (!done) return done.error();
  return out;
}

Result<std::vector<LogEntry>> TableStorage::log(Seq from, size_t limit) {
  return entries(Family::kLog, "", from, limit);
}

Result<std::vector<LogEntry>> TableStorage::queue(SubmissionId submission, Seq from, size_t limit) {
  return entries(Family::kQueue, number_key(submission), from, limit);
}

// --- origins ---

Result<Origin> TableStorage::origin(Seq object, Seq seq) {
  std::string key = pair_key(object, seq);
  auto packed = must_get(Family::kOrigin, key);
  if (!packed) return packed.error();
  return decode<Origin>(Family::kOrigin, key, *packed);
}

Result<std::optional<Origin>> TableStorage::origin_at(Seq seq) {
  std::string key = number_key(seq);
  auto stored = table_->get(Family::kLog, key);
  if (!stored) return stored.error();
  if (!*stored) return std::optional<Origin>();
  std::string_view bytes = **stored;
  auto head = decode_head(bytes, seq);
  if (!head) return undecodable(*table_, Family::kLog, key);
  if (!head->is_origin) return std::optional<Origin>();
  auto found = origin(last_number(bytes), seq);
  if (!found) return found.error();
  return std::optional(*std::move(found));
}

Result<std::vector<Origin>> TableStorage::origins_of(Seq object, Seq from, size_t limit) {
  std::vector<Origin> out;
  if (limit == 0) return out;
  std::string prefix = number_key(object);
  auto add = [&](auto key, auto value) -> Result<bool> {
    auto one = decode<Origin>(Family::kOrigin, key, value);
    if (!one) return one.error();
    out.push_back(*std::move(one));
    return out.size() < limit;
  };
  auto done = scan(Family::kOrigin, prefix, prefix + number_key(from), add);
  if (!done) return done.error();
  return out;
}

Result<std::vector<Origin>> TableStorage::origins_from(Seq container, Seq from, size_t limit) {
  std::vector<Origin> out;
  if (limit == 0) return out;
  std::string prefix = number_key(container);
  auto add = [&](auto key, auto value) -> Result<bool> {
    auto one = origin(last_number(value), last_number(key));
    if (!one) return one.error();
    out.push_back(*std::move(one));
    return out.size() < limit;
  };
  auto done = scan(Family::kContainer, prefix, prefix + number_key(from), add);
  if (!done) return done.error();
  return out;
}

Result<std::optional<Origin>> TableStorage::same_origin(const Origin& like) {
  auto seq = table_->get(Family::kSameOrigin, same_origin_key(like));
  if (!seq) return seq.error();
  if (!*seq) return std::optional<Origin>();
  auto found = origin(like.object, last_number(**seq));
  if (!found) return found.error();
  return std::optional(*std::move(found));
}

// --- progress ---

Result<std::vector<Mark>> TableStorage::marks(Seq seq) {
  std::vector<Mark> out;
  std::string prefix = number_key(seq);
  auto done = scan(Family::kMark, prefix, prefix, [&](auto key, auto value) -> Result<bool> {
    auto mark = decode_mark(key, value);
    if (!mark) return undecodable(*table_, Family::kMark, key);
    out.push_back(*std::move(mark));
    return true;
  });
  if (!done) return done.error();
  return out;
}

Result<bool> TableStorage::is_marked(Seq seq, ConsumerId consumer) {
  auto mark = table_->get(Family::kMark, mark_key(seq, consumer));
  if (!mark) return mark.error();
  return mark->has_value();
}

Result<Storage::MarkPage> TableStorage::marks_of(ConsumerId consumer, Seq from, size_t limit) {
  MarkPage page;
  size_t looked_at = 0;
  auto add = [&](std::string_view key, std::string_view value) -> Result<bool> {
    auto mark = decode_mark(key, value);
    if (!mark) return undecodable(*table_, Family::kMark, key);
    if (looked_at++ >= limit) {
      page.cursor = mark->seq;
      return false;
    }
    if (mark->consumer == consumer) page.marks.push_back(*std::move(mark));
    return true;
  };
  auto done = scan(Family::kMark, "", number_key(from), add);
  if (!done) return done.error();
  return page;
}

Result<bool> TableStorage::is_pruned(const Digest& value) {
  auto pruned = table_->get(Family::kPruned, digest_key(value));
  if (!pruned) return pruned.error();
  if (!*pruned) return false;
  auto has = values_->has(value);
  return has ? Result<bool>(!*has) : has;
}

// The index may name marks that were overwritten by others.
Result<std::vector<Mark>> TableStorage::failures(ConsumerId consumer, Seq after, size_t limit) {
  std::vector<Mark> out;
  if (limit == 0 || after == std::numeric_limits<Seq>::max()) return out;
  auto add = [&](std::string_view key, std::string_view) -> Result<bool> {
    std::string mark = mark_key(last_number(key), consumer);
    auto value = table_->get(Family::kMark, mark);
    if (!value) return value.error();
    if (!*value) return true;
    auto decoded = decode_mark(mark, **value);
    if (!decoded) return undecodable(*table_, Family::kMark, mark);
    if (is_failure(decoded->outcome)) out.push_back(*std::move(decoded));
    return out.size() < limit;
  };
  auto done = scan(Family::kFailure, consumer_key(consumer), task_key(consumer, after + 1), add);
  if (!done) return done.error();
  return out;
}

Result<std::vector<Attempt>> TableStorage::attempts(ConsumerId consumer) {
  std::vector<Attempt> out;
  std::string prefix = consumer_key(consumer);
  auto done = scan(Family::kAttempt, prefix, prefix, [&](auto key, auto value) -> Result<bool> {
    auto attempt = decode<Attempt>(Family::kAttempt, key, value);
    if (!attempt) return attempt.error();
    out.push_back(*std::move(attempt));
    return true;
  });
  if (!done) return done.error();
  return out;
}

Result<std::vector<Running>> TableStorage::running() {
  std::vector<Running> out;
  auto done = scan(Family::kRunning, "", "", [&](auto key, auto value) -> Result<bool> {
    KeyReader key_reader(key), value_reader(value);
    Running one;
    one.consumer = key_reader.u32();
    one.slot = key_reader.u32();
    one.seq = value_reader.u64();
    one.token = value_reader.u64();
    if (!key_reader.done() || !value_reader.done()) return undecodable(*table_, Family::kRunning, key);
    if (one.seq != 0) out.push_back(one);
    return true;
  });
  if (!done) return done.error();
  return out;
}

Result<std::vector<Collected>> TableStorage::collected(const Collected& from, size_t limit) {
  std::vector<Collected> out;
  if (limit == 0) return out;
  auto add = [&](std::string_view key, std::string_view) -> Result<bool> {
    KeyReader reader(key);
    Collected one;
    one.consumer = reader.u32();
    one.submission = reader.u64();
    one.seq = reader.u64();
    if (!reader.done()) return undecodable(*table_, Family::kCollected, key);
    out.push_back(one);
    return out.size() < limit;
  };
  auto done = scan(Family::kCollected, consumer_key(from.consumer), collected_key(from), add);
  if (!done) return done.error();
  return out;
}

Result<AgentState> TableStorage::state(ConsumerId consumer) {
  std::string key = consumer_key(consumer);
  auto stored = table_->get(Family::kState, key);
  if (!stored) return stored.error();
  return *stored ? decode<AgentState>(Family::kState, key, **stored) : AgentState{};
}

Result<std::vector<Consumer>> TableStorage::consumers() {
  std::vector<Consumer> out;
  auto done = scan(Family::kConsumer, "", "", [&](auto key, auto value) -> Result<bool> {
    auto consumer = decode<Consumer>(Family::kConsumer, key, value);
    if (!consumer) return consumer.error();
    out.push_back(*std::move(consumer));
    return true;
  });
  if (!done) return done.error();
  return out;
}

Result<Submission> TableStorage::submission(SubmissionId id) {
  std::string key = number_key(id);
  auto packed = table_->get(Family::kSubmission, key);
  if (!packed) return packed.error();
  if (!*packed) return Error{Code::kNotFound, "there is no submission " + std::to_string(id)};
  return decode<Submission>(Family::kSubmission, key, **packed);
}

Result<std::vector<Submission>> TableStorage::active_after(Lane lane, Seq after) {
  std::vector<Submission> out;
  if (after == std::numeric_limits<Seq>::max()) return out;
  auto add = [&](std::string_view key, std::string_view value) -> Result<bool> {
    if (last_number(value) <= after) return true;
    auto one = submission(last_number(key));
    if (!one) return one.error();
    out.push_back(*std::move(one));
    return true;
  };
  std::string prefix(1, static_cast<char>(lane));
  auto done = scan(Family::kActive, prefix, active_prefix(lane, after + 1), add);
  if (!done) return done.error();
  return out;
}

Result<std::vector<TypeCount>> TableStorage::types(size_t limit) {
  std::vector<TypeCount> out;
  auto add = [&](std::string_view key, std::string_view value) -> Result<bool> {
    if (out.size() >= limit) return false;
    KeyReader reader(key);
    TypeCount one;
    one.lane = static_cast<Lane>(reader.byte());
    one.is_object = reader.byte() != 0;
    auto domain = Domain::parse(reader.word());
    one.path = reader.rest();
    one.descriptors = last_number(value);
    if (!reader.ok() || !domain || !is_type_path(one.path)) return undecodable(*table_, Family::kType, key);
    one.domain = *domain;
    out.push_back(std::move(one));
    return true;
  };
  auto done = scan(Family::kType, "", "", add);
  if (!done) return done.error();
  return out;
}

Result<std::vector<SubmissionId>> TableStorage::open_submissions() {
  return std::vector<SubmissionId>(open_submissions_.begin(), open_submissions_.end());
}

Result<std::vector<Storage::UuidLabel>> TableStorage::uuids(const Domain& domain, const Uuid& after,
                                                            size_t limit) {
  std::vector<UuidLabel> out;
  if (limit == 0) return out;
  auto add = [&](std::string_view key, std::string_view value) -> Result<bool> {
    KeyReader reader(key);
    reader.word();
    UuidLabel one;
    std::string_view uuid = reader.raw(one.uuid.bytes.size());
    auto choice = decode_label(value);
    if (!reader.done() || !choice) return undecodable(*table_, Family::kLabel, key);
    std::copy_n(as_bytes(uuid).begin(), uuid.size(), one.uuid.bytes.begin());
    if (one.uuid == after && after != Uuid{}) return true;
    one.label = std::move(choice->label);
    out.push_back(std::move(one));
    return out.size() < limit;
  };
  auto done = scan(Family::kLabel, KeyWriter().word(domain.str()).take(), label_key(domain, after), add);
  if (!done) return done.error();
  return out;
}

}  // namespace rebus
