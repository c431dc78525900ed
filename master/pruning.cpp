#include "master/pruning.h"

#include <algorithm>
#include <deque>

namespace rebus {
namespace {

constexpr size_t kLogPage = 256;         // entries looked at by one page
constexpr size_t kMaxCost = 1024;        // descriptors removed by one page, about
constexpr size_t kMaxGroup = 20'000;     // results of one file that go as one step; with more it stays
constexpr size_t kMaxUsers = 256;        // of equal bytes, looked at to find out whether they may go
constexpr uint64_t kNotes = 1ULL << 63;  // cursors from here on: submissions

}  // namespace

Pruning::Pruning(Storage& storage, Step& step, const Prune& call, Seq young, IsHandled is_handled,
                 OnGone on_gone)
    : storage_(storage),
      step_(step),
      call_(call),
      young_(young),
      is_handled_(std::move(is_handled)),
      on_gone_(std::move(on_gone)),
      to_young_(storage, [this](const Origin& o) -> Result<bool> { return o.seq >= young_; }),
      to_unhandled_(storage, [this](const Origin& o) -> Result<bool> {
        auto [known, is_new] = handled_.try_emplace(o.submission);
        if (is_new) known->second = is_handled_(o.submission);
        return !known->second;
      }) {}

Result<Pruned> Pruning::run() {
  auto walked = call_.cursor < kNotes ? walk_log() : walk_notes();
  if (!walked) return walked.error();
  return done_;
}

// --- the log ---

Result<void> Pruning::walk_log() {
  auto entries = storage_.log(std::max<Seq>(call_.cursor, 1), kLogPage);
  if (!entries) return entries.error();
  for (const LogEntry& entry : *entries) {
    done_.cursor = entry.seq;
    if (cost_ >= kMaxCost) return {};
    if (!in_domain(entry.domain)) continue;
    auto looked = entry.is_origin ? look_at_origin(entry) : look_at(entry);
    if (!looked) return looked;
  }
  done_.cursor = entries->size() < kLogPage ? kNotes + 1 : entries->back().seq + 1;
  return {};
}

Result<void> Pruning::look_at(const LogEntry& entry) {
  if (!entry.is_object) return {};  // goes with its file
  auto record = storage_.get(entry.seq);
  if (!record) return record.error();
  auto fate = fate_of(*record);
  if (!fate) return fate.error();
  if (*fate == Fate::kUnhandled) done_.unhandled++;
  return *fate == Fate::kGoes ? take(*record) : Result<void>();
}

Result<Pruning::Fate> Pruning::fate_of(const Record& record) {
  auto young = to_young_.reaches(record.seq);
  if (!young) return young.error();
  if (*young) return Fate::kStays;
  auto unhandled = to_unhandled_.reaches(record.seq);
  if (!unhandled) return unhandled.error();
  return *unhandled ? Fate::kUnhandled : Fate::kGoes;
}

// A further origin goes with its object, or with the container that it was in.
Result<void> Pruning::look_at_origin(const LogEntry& entry) {
  if (call_.values_only) return {};
  auto origin = storage_.origin_at(entry.seq);
  if (!origin) return origin.error();
  if (!*origin) return {};
  auto object = is_there((*origin)->object);
  if (!object) return object.error();
  auto container = (*origin)->container == 0 ? true : is_there((*origin)->container);
  if (!container) return container.error();
  if (*object && *container) return {};
  cost_++;
  step_.remove_origin(**origin);
  return {};
}

Result<bool> Pruning::is_there(Seq seq) {
  if (taken_.contains(seq)) return false;
  auto entries = storage_.log(seq, 1);
  if (!entries) return entries.error();
  return !entries->empty() && entries->front().seq == seq;
}

// --- a file and what came of it ---

Result<void> Pruning::take(const Record& root) {
  auto group = group_of(root);
  if (!group) return group.error();
  if (!*group) {
    done_.unhandled++;
    return {};
  }
  return call_.values_only ? take_values(**group) : take_whole(**group);
}

// Results have their first precursor in the group. Nothing if there are too many.
Result<std::optional<std::vector<Record>>> Pruning::group_of(const Record& root) {
  std::vector<Record> group{root};
  std::set<Seq> seen{root.seq};
  for (size_t i = 0; i < group.size(); i++) {
    for (uint64_t cursor = 0, more = 1; more != 0; cursor = more) {
      auto page = storage_.children(group[i].seq, cursor, kLogPage);
      if (!page) return page.error();
      more = page->cursor;
      for (Seq seq : page->seqs) {
        auto child = seen.insert(seq).second ? storage_.get(seq) : Error{Code::kNotFound, ""};
        if (!child && child.error().code == Code::kNotFound) continue;
        if (!child) return child.error();
        if (child->object != root.seq) continue;
        if (group.size() == kMaxGroup) return std::optional<std::vector<Record>>();
        child->ancestry.clear();
        group.push_back(*std::move(child));
      }
    }
  }
  return std::optional(std::move(group));
}

Result<void> Pruning::take_whole(const std::vector<Record>& group) {
  for (const Record& record : group) {
    auto told = on_gone_(step_, record);
    if (!told) return told;
    taken_.insert(record.seq);
    step_.remove_descriptor(record.seq);
    done_.value_bytes += record.value_size;
  }
  // An object that stays may have its first origin in a container that went before.
  done_.files++;
  done_.results += group.size() - 1;
  cost_ += group.size();
  return {};
}

Result<void> Pruning::take_values(const std::vector<Record>& group) {
  for (const Record& record : group) {
    cost_++;
    if (record.value_size == 0 || pruned_.contains(record.value_digest)) continue;
    auto gone = storage_.is_pruned(record.value_digest);
    if (!gone) return gone.error();
    auto needed = *gone ? true : is_needed(record.value_digest);
    if (!needed) return needed.error();
    if (*needed) continue;
    pruned_.insert(record.value_digest);
    step_.prune(record.value_digest);
    done_.value_bytes += record.value_size;
    (record.seq == record.object ? done_.files : done_.results)++;
  }
  return {};
}

// By something that stays, of whatever domain; or by so many that to look at all of them would take long.
Result<bool> Pruning::is_needed(const Digest& value) {
  auto users = storage_.find_digest(std::nullopt, value.hex(), 0, kMaxUsers);
  if (!users) return users.error();
  if (users->cursor != 0) return true;
  for (Seq seq : users->seqs) {
    auto record = storage_.get(seq);
    if (!record) return record.error();
    if (record->value_digest != value) continue;
    if (!in_domain(record->descriptor.domain)) return true;
    auto file = storage_.get(record->object);
    if (!file && file.error().code == Code::kNotFound) continue;
    if (!file) return file.error();
    auto fate = fate_of(*file);
    if (!fate) return fate.error();
    if (*fate != Fate::kGoes) return true;
  }
  return false;
}

// --- notes of injections ---

// The note of an injection goes with its last file.
Result<void> Pruning::walk_notes() {
  SubmissionId last = storage_.last_submission();
  for (SubmissionId id = call_.cursor - kNotes; id <= last && !call_.values_only; id++) {
    done_.cursor = kNotes + id;
    if (cost_ >= kMaxCost) return {};
    cost_++;
    auto submission = storage_.submission(id);
    if (!submission && submission.error().code == Code::kNotFound) continue;
    if (!submission) return submission.error();
    bool concerns = submission->note != 0 && submission->note < young_ && in_domain(submission->domain);
    auto there = concerns ? is_there(submission->note) : false;
    if (!there) return there.error();
    auto roots = *there ? storage_.roots(id, 0, 1) : Page{{0}, 0};
    if (!roots) return roots.error();
    if (!roots->seqs.empty() || !is_handled_(id)) continue;
    auto note = storage_.get(submission->note);
    if (!note) return note.error();
    uint64_t files = done_.files;
    auto taken = take(*note);
    done_.files = files;
    if (!taken) return taken;
  }
  done_.cursor = 0;
  return {};
}

namespace {

// Of descriptors, and of origins that note it.
Result<std::optional<int64_t>> time_of(Storage& storage, const LogEntry& entry) {
  if (!entry.is_origin) {
    auto record = storage.get(entry.seq);
    return record ? std::optional(record->descriptor.stored_at_ns)
                  : Result<std::optional<int64_t>>(record.error());
  }
  auto origin = storage.origin_at(entry.seq);
  if (!origin) return origin.error();
  bool is_noted = *origin && (*origin)->stored_at_ns != 0;
  return is_noted ? std::optional((*origin)->stored_at_ns) : std::optional<int64_t>();
}

}  // namespace

Result<Seq> first_stored_at(Storage& storage, int64_t time_ns, Seq end) {
  Seq low = 1, high = end;
  while (low < high) {
    Seq middle = low + (high - low) / 2, next = middle;
    std::optional<int64_t> stored_at;
    while (!stored_at && next < high) {
      auto entries = storage.log(next, kLogPage);
      if (!entries) return entries.error();
      if (entries->empty()) next = high;
      for (const LogEntry& entry : *entries) {
        next = entry.seq + 1;
        auto time = time_of(storage, entry);
        if (!time) return time.error();
        stored_at = *time;
        if (stored_at) break;
      }
    }
    if (!stored_at || next > high || *stored_at >= time_ns) {
      high = middle;
    } else {
      low = next;
    }
  }
  return low;
}

}  // namespace rebus
