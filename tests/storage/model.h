// Model: what a storage should answer, by looking at everything it was ever told. Slow and simple on purpose;
// it shares no code with storage/.
#pragma once

#include <re2/re2.h>

#include <algorithm>
#include <map>
#include <set>

#include "storage/storage.h"

namespace rebus {

class Model {
 public:
  void apply(const Changes& changes) {
    for (const Record& r : changes.descriptors) records_.push_back(r);
    for (const Origin& o : changes.origins) origins_.push_back(o);
    for (const Mark& m : changes.marks) marks_[{m.seq, m.consumer}] = m;
    for (const Mark& m : changes.unmarks) marks_.erase({m.seq, m.consumer});
    for (const Attempt& a : changes.attempts) attempts_[{a.consumer, a.seq}] = a;
    for (const Running& r : changes.running) running_[{r.consumer, r.slot}] = r;
    for (const Collected& c : changes.collected) collected_.insert(c);
    for (const Collected& c : changes.uncollected) collected_.erase(c);
    for (const auto& [consumer, state] : changes.states) states_[consumer] = state;
    for (const Consumer& c : changes.consumers) consumers_[c.id] = c;
    for (const Submission& s : changes.submissions) submissions_[s.id] = s;
    for (const Digest& d : changes.pruned_values) pruned_.insert(d);
    for (const Value& v : changes.restored) pruned_.erase(v.digest());
    for (const Record& r : changes.descriptors) pruned_.erase(r.value_digest);
    for (ConsumerId id : changes.removed_consumers) remove_consumer(id);
    for (Seq seq : changes.removed) remove(seq);
    for (const Origin& o : changes.removed_origins) remove_origin(o.object, o.seq);
  }
  bool is_pruned(const Digest& value) const { return pruned_.contains(value); }

  const std::vector<Record>& records() const { return records_; }
  const std::vector<Origin>& origins() const { return origins_; }
  const std::map<SubmissionId, Submission>& submissions() const { return submissions_; }
  const Record* record(Seq seq) const {
    for (const Record& r : records_) {
      if (r.seq == seq) return &r;
    }
    return nullptr;
  }

  Seq head() const {
    Seq head = removed_head_;
    for (const Record& r : records_) head = std::max(head, r.seq);
    for (const Origin& o : origins_) head = std::max(head, o.seq);
    return head;
  }
  uint64_t value_bytes() const {
    uint64_t sum = 0;
    for (const Record& r : records_) sum += r.descriptor.value.size();
    return sum;
  }

  // Positions whose descriptor passes, oldest first.
  template <class Passes>
  std::vector<Seq> where(const std::optional<Domain>& domain, Passes passes) const {
    std::vector<Seq> out;
    for (const Record& r : records_) {
      if ((!domain || r.descriptor.domain == *domain) && passes(r.descriptor)) out.push_back(r.seq);
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  Seq lookup(const Domain& domain, const Selector& selector) const {
    auto named = where(domain, [&](const Descriptor& d) { return d.selector.path() == selector.path(); });
    if (selector.id()) {
      for (Seq seq : named) {
        if (record(seq)->descriptor.selector == selector) return seq;
      }
      return 0;
    }
    std::map<int64_t, Seq> first;
    for (Seq seq : named) first.emplace(record(seq)->descriptor.version, seq);
    int64_t version = selector.version().value_or(0);
    if (version >= 0) return first.contains(version) ? first[version] : 0;
    if (uint64_t(-version) > first.size()) return 0;
    return std::next(first.rbegin(), -version - 1)->second;
  }

  std::vector<LogEntry> log(Seq from) const { return entries(from, std::nullopt); }
  std::vector<LogEntry> queue(SubmissionId submission, Seq from) const { return entries(from, submission); }

  std::vector<Seq> find_prefix(const std::optional<Domain>& domain, const std::string& prefix) const {
    return where(domain,
                 [&](const Descriptor& d) { return (d.selector.path() + "/").starts_with(prefix + "/"); });
  }
  std::vector<Seq> find_regex(const std::optional<Domain>& domain, const std::string& regex) const {
    auto out = where(domain, [&](const Descriptor& d) {
      return RE2::FullMatch(d.selector.str(), "(?:" + regex + ")(?s:.*)");
    });
    std::reverse(out.begin(), out.end());
    return out;
  }
  std::vector<Seq> find_uuid(const std::optional<Domain>& domain, const Uuid& uuid) const {
    return where(domain, [&](const Descriptor& d) { return d.uuid == uuid; });
  }
  // In no order.
  std::set<Seq> find_digest(const std::optional<Domain>& domain, const std::string& hex) const {
    auto found = where(domain, [&](const Descriptor& d) {
      return d.selector.id()->hex().starts_with(hex) || d.value.digest().hex().starts_with(hex);
    });
    return {found.begin(), found.end()};
  }
  // In no order.
  std::set<Seq> find_name(const std::optional<Domain>& domain, const std::string& name) const {
    std::set<Seq> out;
    for (const Origin& o : origins_) {
      if (domain && record(o.object)->descriptor.domain != *domain) continue;
      size_t slash = o.name.rfind('/');
      std::string last = slash == std::string::npos ? o.name : o.name.substr(slash + 1);
      bool is_prefix = name.ends_with('*');
      std::string begin = name.substr(0, name.size() - 1);
      bool whole = is_prefix ? o.name.starts_with(begin) : o.name == name;
      bool part = !last.empty() && (is_prefix ? last.starts_with(begin) : last == name);
      if (whole || part) out.insert(o.object);
    }
    return out;
  }
  std::vector<Seq> children(Seq parent) const {
    const Record* of = record(parent);
    return where(std::nullopt, [&](const Descriptor& d) {
      return of != nullptr && d.domain == of->descriptor.domain &&
             std::count(d.precursors.begin(), d.precursors.end(), of->descriptor.selector) > 0;
    });
  }

  template <class Passes>
  std::vector<Origin> origins_where(Passes passes) const {
    std::vector<Origin> out;
    std::copy_if(origins_.begin(), origins_.end(), std::back_inserter(out), passes);
    std::sort(out.begin(), out.end(), [](const Origin& a, const Origin& b) { return a.seq < b.seq; });
    return out;
  }
  template <class Passes>
  std::vector<Seq> objects_where(Passes passes) const {
    std::set<Seq> out;
    for (const Origin& o : origins_where(passes)) out.insert(o.object);
    return {out.begin(), out.end()};
  }

  std::vector<Mark> marks(Seq seq) const {
    std::vector<Mark> out;
    for (const auto& [key, mark] : marks_) {
      if (key.first == seq) out.push_back(mark);
    }
    return out;
  }
  std::vector<Mark> failures(ConsumerId consumer, Seq after) const {
    std::vector<Mark> out;
    for (const auto& [key, mark] : marks_) {
      bool is_bad = mark.outcome == Outcome::kFailed || mark.outcome == Outcome::kQuarantined;
      if (key.second == consumer && key.first > after && is_bad) out.push_back(mark);
    }
    return out;
  }
  std::vector<Attempt> attempts(ConsumerId consumer) const {
    std::vector<Attempt> out;
    for (const auto& [key, a] : attempts_) {
      bool is_any = a.deaths > 0 || a.interruptions > 0 || a.delays > 0 || a.is_again;
      if (key.first == consumer && is_any) out.push_back(a);
    }
    return out;
  }
  std::vector<Running> running() const {
    std::vector<Running> out;
    for (const auto& [key, r] : running_) {
      if (r.seq != 0) out.push_back(r);
    }
    return out;
  }
  std::vector<Collected> collected(const Collected& from, size_t limit) const {
    std::vector<Collected> out;
    for (const Collected& c : collected_) {
      if (c.consumer == from.consumer && c >= from && out.size() < limit) out.push_back(c);
    }
    return out;
  }
  AgentState state(ConsumerId consumer) const {
    auto it = states_.find(consumer);
    return it == states_.end() ? AgentState{} : it->second;
  }
  std::vector<Consumer> consumers() const {
    std::vector<Consumer> out;
    for (const auto& [id, consumer] : consumers_) out.push_back(consumer);
    return out;
  }
  std::set<SubmissionId> active_after(Lane lane, Seq after) const {
    std::set<SubmissionId> out;
    for (const auto& [id, s] : submissions_) {
      if (s.lane == lane && s.last > after) out.insert(id);
    }
    return out;
  }
  std::vector<SubmissionId> open_submissions() const {
    std::vector<SubmissionId> out;
    for (const auto& [id, s] : submissions_) {
      if (s.open) out.push_back(id);
    }
    return out;
  }
  std::map<Uuid, std::string> uuids(const Domain& domain) const {
    std::map<Uuid, std::pair<bool, std::string>> best;
    for (const Record& r : records_) {
      const Descriptor& d = r.descriptor;
      if (d.domain != domain) continue;
      std::pair<bool, std::string> candidate{!d.precursors.empty(), d.label};
      auto [at, is_new] = best.emplace(d.uuid, candidate);
      if (!is_new) at->second = std::min(at->second, candidate);
    }
    std::map<Uuid, std::string> out;
    for (auto& [uuid, choice] : best) out[uuid] = choice.second;
    return out;
  }

 private:
  void remove(Seq seq) {
    removed_head_ = head();
    const Record* old = record(seq);
    if (old == nullptr) return;
    Digest value = old->value_digest;
    std::erase_if(records_, [&](const Record& r) { return r.seq == seq; });
    std::erase_if(marks_, [&](auto& entry) { return entry.first.first == seq; });
    std::erase_if(attempts_, [&](auto& entry) { return entry.first.second == seq; });
    remove_origin(seq, seq);
    bool is_used = std::any_of(records_.begin(), records_.end(),
                               [&](const Record& r) { return r.value_digest == value; });
    if (!is_used) pruned_.erase(value);
  }
  void remove_origin(Seq object, Seq seq) {
    removed_head_ = head();
    std::erase_if(origins_, [&](const Origin& o) { return o.object == object && o.seq == seq; });
  }
  void remove_consumer(ConsumerId id) {
    consumers_.erase(id);
    std::erase_if(attempts_, [&](auto& entry) { return entry.first.first == id; });
    std::erase_if(running_, [&](auto& entry) { return entry.first.first == id; });
    std::erase_if(collected_, [&](auto& one) { return one.consumer == id; });
    states_.erase(id);
  }

  std::vector<LogEntry> entries(Seq from, std::optional<SubmissionId> submission) const {
    std::map<Seq, LogEntry> out;
    for (const Record& r : records_) {
      const Descriptor& d = r.descriptor;
      bool is_object = d.precursors.empty() && d.selector.path() != "/submission";
      if (!submission || r.submission == *submission) {
        out[r.seq] = {r.seq, false, d.domain, d.selector.path(), is_object};
      }
    }
    for (const Origin& o : origins_) {
      if (o.seq == o.object || (submission && o.submission != *submission)) continue;
      const Descriptor& d = record(o.object)->descriptor;
      out[o.seq] = {o.seq, true, d.domain, d.selector.path(), true};
    }
    std::vector<LogEntry> list;
    for (auto at = out.lower_bound(from); at != out.end(); ++at) list.push_back(at->second);
    return list;
  }

  std::vector<Record> records_;
  std::vector<Origin> origins_;
  std::map<std::pair<Seq, ConsumerId>, Mark> marks_;
  std::map<std::pair<ConsumerId, Seq>, Attempt> attempts_;
  std::map<std::pair<ConsumerId, uint32_t>, Running> running_;
  std::set<Collected> collected_;
  std::map<ConsumerId, AgentState> states_;
  std::map<ConsumerId, Consumer> consumers_;
  std::map<SubmissionId, Submission> submissions_;
  std::set<Digest> pruned_;
  Seq removed_head_ = 0;
};

}  // namespace rebus
