#include "storage/removal.h"

#include <algorithm>
#include <limits>

#include "descriptor/pack.h"
#include "storage/keys.h"
#include "storage/stored_entry.h"
#include "storage/type_count.h"

namespace rebus {
namespace {

// Of one type path, that are looked through for the next one with a version.
constexpr size_t kMaxVersionSearch = 4096;

}  // namespace

Result<void> Removal::remove(const std::vector<Seq>& descriptors, const std::vector<Origin>& origins) {
  gone_.insert(descriptors.begin(), descriptors.end());
  for (const Origin& origin : origins) gone_origins_.insert({origin.object, origin.seq});
  for (Seq seq : descriptors) gone_origins_.insert({seq, seq});
  Result<void> done;
  for (auto it = gone_origins_.begin(); done && it != gone_origins_.end(); ++it) {
    done = remove_origin(it->first, it->second);
  }
  for (size_t i = 0; done && i < descriptors.size(); i++) done = remove_descriptor(descriptors[i]);
  if (done) done = choose_versions();
  if (done) done = choose_labels();
  return done ? drop_values() : done;
}

Result<std::optional<Record>> Removal::record(Seq seq) {
  std::string key = number_key(seq);
  auto stored = transaction_.get(Family::kLog, key);
  if (!stored) return stored.error();
  if (!*stored) return std::optional<Record>();
  std::string_view bytes = **stored;
  auto head = decode_head(bytes, seq);
  if (head && head->is_origin) return std::optional<Record>();
  auto record = head ? unpack<Record>(bytes) : Result<Record>(Error{});
  if (!record) return damaged(transaction_.table(), Family::kLog, key, "it cannot be decoded");
  return std::optional(*std::move(record));
}

// --- descriptors ---

Result<void> Removal::remove_descriptor(Seq seq) {
  auto stored = record(seq);
  if (!stored) return stored.error();
  if (!*stored) return {};
  const Record& old = **stored;
  auto done = note_version(old);
  if (done) done = remove_children(old);
  if (done) done = remove_marks(seq);
  if (done) done = count_type(transaction_, old, -1);
  if (!done) return done;
  remove_indexes(old);
  labels_.insert({old.descriptor.domain.str(), old.descriptor.uuid});
  if (old.value_size > 0) digests_.insert(old.value_digest);
  totals_.descriptors--;
  totals_.value_bytes -= old.value_size;
  return {};
}

void Removal::remove_indexes(const Record& old) {
  const Descriptor& d = old.descriptor;
  const std::string& path = d.selector.path();
  transaction_.remove(Family::kLog, number_key(old.seq));
  transaction_.remove(Family::kQueue, pair_key(old.submission, old.seq));
  transaction_.remove(Family::kIdentity, identity_key(*d.selector.id(), d.domain, path));
  transaction_.remove(Family::kPath, path_key(d.domain, path, old.seq));
  transaction_.remove(Family::kUuid, uuid_key(d.uuid, old.seq));
  if (*d.selector.id() != old.value_digest)
    transaction_.remove(Family::kDigest, value_digest_key(old.value_digest, old.seq));
}

// As a child of those that are still there, and as a parent of all.
Result<void> Removal::remove_children(const Record& old) {
  for (const Selector& precursor : old.descriptor.precursors) {
    if (!precursor.id()) continue;
    auto parent = transaction_.get(Family::kIdentity,
                                   identity_key(*precursor.id(), old.descriptor.domain, precursor.path()));
    if (!parent) return parent.error();
    if (*parent) transaction_.remove(Family::kChild, pair_key(last_number(**parent), old.seq));
  }
  std::string prefix = number_key(old.seq);
  return scan(transaction_.table(), Family::kChild, prefix, prefix, [&](auto key, auto) -> Result<bool> {
    transaction_.remove(Family::kChild, std::string(key));
    return true;
  });
}

Result<void> Removal::remove_marks(Seq seq) {
  std::string prefix = number_key(seq);
  auto done = scan(transaction_.table(), Family::kMark, prefix, prefix, [&](auto key, auto) -> Result<bool> {
    KeyReader reader(key);
    reader.u64();
    ConsumerId consumer = reader.u32();
    transaction_.remove(Family::kMark, std::string(key));
    transaction_.remove(Family::kFailure, task_key(consumer, seq));
    return true;
  });
  if (!done) return done;
  return scan(transaction_.table(), Family::kConsumer, "", "", [&](auto key, auto) -> Result<bool> {
    std::string attempt = task_key(KeyReader(key).u32(), seq);
    auto stored = transaction_.table().get(Family::kAttempt, attempt);
    if (!stored) return stored.error();
    if (*stored) transaction_.remove(Family::kAttempt, std::move(attempt));
    return true;
  });
}

// --- what another one may take over ---

Result<void> Removal::note_version(const Record& old) {
  const Descriptor& d = old.descriptor;
  auto first = transaction_.get(Family::kVersion, version_key(d.domain, d.selector.path(), d.version));
  if (!first) return first.error();
  if (*first && last_number(**first) == old.seq)
    versions_[{d.domain.str(), d.selector.path()}][d.version] = old.seq;
  return {};
}

Result<void> Removal::choose_versions() {
  for (const auto& [place, firsts] : versions_) {
    auto domain = Domain::parse(place.first);
    if (!domain) return domain.error();
    for (const auto& [version, seq] : firsts) {
      auto chosen = choose_version(*domain, place.second, version, seq);
      if (!chosen) return chosen;
    }
  }
  return {};
}

Result<void> Removal::choose_version(const Domain& domain, const std::string& path, uint32_t version,
                                     Seq after) {
  std::string prefix = KeyWriter().word(domain.str()).word(path).take();
  Seq next = 0;
  size_t looked_at = 0;
  auto look = [&](std::string_view key, std::string_view) -> Result<bool> {
    Seq seq = last_number(key);
    if (gone_.contains(seq)) return true;
    auto other = record(seq);
    if (!other) return other.error();
    if (*other && (*other)->descriptor.version == version) next = seq;
    return next == 0 && ++looked_at < kMaxVersionSearch;
  };
  auto done = scan(transaction_.table(), Family::kPath, prefix, path_key(domain, path, after + 1), look);
  if (!done) return done;
  std::string key = version_key(domain, path, version);
  if (next != 0) {
    transaction_.put(Family::kVersion, std::move(key), number_key(next));
  } else {
    transaction_.remove(Family::kVersion, std::move(key));
  }
  return {};
}

Result<void> Removal::choose_labels() {
  for (const auto& [name, uuid] : labels_) {
    auto domain = Domain::parse(name);
    if (!domain) return domain.error();
    std::optional<LabelChoice> best;
    auto look = [&](std::string_view key, std::string_view of) -> Result<bool> {
      Seq seq = last_number(key);
      if (of != domain->str() || gone_.contains(seq)) return true;
      auto other = record(seq);
      if (!other) return other.error();
      if (!*other) return true;
      LabelChoice choice{!(*other)->descriptor.precursors.empty(), (*other)->descriptor.label};
      if (!best || choice < *best) best = std::move(choice);
      return true;
    };
    auto done = scan(transaction_.table(), Family::kUuid, uuid_prefix(uuid), uuid_prefix(uuid), look);
    if (!done) return done;
    if (best) {
      transaction_.put(Family::kLabel, label_key(*domain, uuid), encode_label(*best));
    } else {
      transaction_.remove(Family::kLabel, label_key(*domain, uuid));
    }
  }
  return {};
}

// --- values ---

Result<void> Removal::drop_values() {
  for (const Digest& digest : digests_) {
    auto used = is_used(digest);
    if (!used) return used.error();
    if (*used) continue;
    auto dropped = values_.drop(digest, transaction_);
    if (!dropped) return dropped;
    transaction_.remove(Family::kPruned, digest_key(digest));
  }
  return {};
}

// By a descriptor that stays: an object whose identity it is, or anything else. The newest one is looked at
// first: where many have the same bytes, the oldest go first and leave tombstones.
Result<bool> Removal::is_used(const Digest& value) {
  bool is_used = false;
  std::string prefix = digest_key(value);
  auto newest = transaction_.table().iterate(Family::kDigest);
  newest->seek_back(value_digest_key(value, std::numeric_limits<Seq>::max()));
  if (newest->valid() && newest->key().starts_with(prefix) && !gone_.contains(last_number(newest->key())))
    return true;
  auto done =
      scan(transaction_.table(), Family::kIdentity, prefix, prefix, [&](auto, auto seq) -> Result<bool> {
        is_used = !gone_.contains(last_number(seq));
        return !is_used;
      });
  if (!done || is_used) return done ? Result<bool>(is_used) : done.error();
  done = scan(transaction_.table(), Family::kDigest, prefix, prefix, [&](auto key, auto) -> Result<bool> {
    is_used = !gone_.contains(last_number(key));
    return !is_used;
  });
  return done ? Result<bool>(is_used) : done.error();
}

Result<void> Removal::prune(const Digest& value) {
  auto dropped = values_.drop(value, transaction_);
  if (dropped) transaction_.put(Family::kPruned, digest_key(value), "");
  return dropped;
}

// --- origins ---

Result<void> Removal::remove_origin(Seq object, Seq seq) {
  std::string key = pair_key(object, seq);
  auto packed = transaction_.table().get(Family::kOrigin, key);
  if (!packed) return packed.error();
  if (!*packed) return {};
  auto origin = unpack<Origin>(**packed);
  if (!origin) return damaged(transaction_.table(), Family::kOrigin, key, "it cannot be decoded");
  auto others = other_origins(object);
  if (!others) return others.error();
  transaction_.remove(Family::kOrigin, std::move(key));
  std::string same = same_origin_key(*origin);
  auto first = transaction_.table().get(Family::kSameOrigin, same);
  if (!first) return first.error();
  if (*first && last_number(**first) == seq) transaction_.remove(Family::kSameOrigin, std::move(same));
  remove_place(*origin, *others);
  remove_names(*origin, *others);
  if (seq == object) return {};
  transaction_.remove(Family::kLog, number_key(seq));
  transaction_.remove(Family::kQueue, pair_key(origin->submission, seq));
  return {};
}

// Of an object that goes none counts.
Result<std::vector<Origin>> Removal::other_origins(Seq object) {
  auto [known, is_new] = others_.try_emplace(object);
  std::vector<Origin>& others = known->second;
  if (!is_new) return others;
  if (gone_.contains(object)) return others;
  auto stays = transaction_.table().get(Family::kLog, number_key(object));
  if (!stays) return stays.error();
  if (!*stays) return others;
  std::string prefix = number_key(object);
  auto done =
      scan(transaction_.table(), Family::kOrigin, prefix, prefix, [&](auto key, auto value) -> Result<bool> {
        if (gone_origins_.contains({object, last_number(key)})) return true;
        auto origin = unpack<Origin>(value);
        if (!origin) return damaged(transaction_.table(), Family::kOrigin, key, "it cannot be decoded");
        others.push_back(*std::move(origin));
        return true;
      });
  if (!done) return done.error();
  return others;
}

void Removal::remove_place(const Origin& origin, const std::vector<Origin>& others) {
  bool is_injected = origin.container == 0;
  bool is_shared = std::any_of(others.begin(), others.end(), [&](const Origin& other) {
    return other.container == origin.container && (!is_injected || other.submission == origin.submission);
  });
  if (!is_injected) transaction_.remove(Family::kContainer, pair_key(origin.container, origin.seq));
  if (is_shared) return;
  transaction_.remove(is_injected ? Family::kRoot : Family::kContent,
                      pair_key(is_injected ? origin.submission : origin.container, origin.object));
}

void Removal::remove_names(const Origin& origin, const std::vector<Origin>& others) {
  for (std::string_view name : {std::string_view(origin.name), base_name(origin.name)}) {
    bool is_shared = std::any_of(others.begin(), others.end(), [&](const Origin& other) {
      return other.name == name || (base_name(other.name) == name && !name.empty());
    });
    if (!is_shared) transaction_.remove(Family::kName, name_key(name, origin.object));
  }
}

}  // namespace rebus
