#include "master/catalog.h"

#include <algorithm>
#include <deque>
#include <unordered_set>

#include "master/page_budget.h"

namespace rebus {
namespace {

constexpr size_t kMaxPage = 256;
constexpr size_t kMaxOriginPage = 4096;
constexpr size_t kMaxUuidPage = 1000;
constexpr size_t kMaxDescendants = 1 << 20;  // of one question

bool passes(const Find& query, const Record& record) {
  const Descriptor& d = record.descriptor;
  if (!query.agent.empty() && d.agent != query.agent) return false;
  return d.stored_at_ns >= query.since_ns;
}

std::optional<Domain> domain_of(const Find& query) {
  if (query.all_domains) return std::nullopt;
  return query.domain;
}

}  // namespace

Record Catalog::outward(Record record) {
  record.ancestry.clear();  // the master's own business
  return record;
}

Result<Items> Catalog::find(const Find& query) {
  size_t limit = query.limit == 0 ? kMaxPage : std::min<size_t>(query.limit, kMaxPage);
  auto page = positions(query, limit);
  if (!page) return page.error();
  Items items;
  items.cursor = page->cursor;
  PageBudget budget;
  for (size_t i = 0; i < page->seqs.size(); i++) {
    auto record = storage_.get(page->seqs[i]);
    if (!record && record.error().code == Code::kNotFound) continue;  // a hole
    if (!record) return record.error();
    if (!passes(query, *record)) continue;
    Record item = outward(*std::move(record));
    if (!budget.takes(item)) {
      auto shorter = positions(query, i);  // where this one comes first
      if (!shorter) return shorter.error();
      items.cursor = shorter->cursor;
      return items;
    }
    items.records.push_back(std::move(item));
  }
  return items;
}

Result<Page> Catalog::positions(const Find& query, size_t limit) {
  auto domain = domain_of(query);
  switch (query.by) {
    case By::kSelector:
      return by_selector(query);
    case By::kRegex:
      return storage_.find_regex(domain, query.text, query.cursor, limit);
    case By::kPrefix:
      return storage_.find_prefix(domain, query.text, query.cursor, limit);
    case By::kUuid: {
      auto uuid = Uuid::parse(query.text);
      if (!uuid) return uuid.error();
      return storage_.find_uuid(domain, *uuid, query.cursor, limit);
    }
    case By::kDigest:
      return storage_.find_digest(domain, query.text, query.cursor, limit);
    case By::kName:
      return storage_.find_name(domain, query.text, query.cursor, limit);
    case By::kSeq:
      return Page{{query.seq}, 0};
    case By::kChildren:
      return storage_.children(query.seq, query.cursor, limit);
    case By::kDescendants:
      return descendants(query, limit);
    case By::kContents:
      return storage_.contents(query.seq, query.cursor, limit);
    case By::kRoots:
      return storage_.roots(query.seq, query.cursor, limit);
  }
  return Error{Code::kInvalid, "unknown kind of search"};
}

Result<Page> Catalog::by_selector(const Find& query) {
  auto selector = Selector::parse(query.text);
  if (!selector) return selector.error();
  auto seq = storage_.lookup(query.domain, *selector);
  if (!seq) return seq.error();
  if (*seq == 0) return Error{Code::kNotFound, "no " + selector->str() + " in domain " + query.domain.str()};
  return Page{{*seq}, 0};
}

// Breadth first; the cursor counts what was given already.
Result<Page> Catalog::descendants(const Find& query, size_t limit) {
  std::deque<Seq> queue{query.seq};
  std::unordered_set<Seq> seen{query.seq};
  Page found;
  uint64_t position = 0;
  while (!queue.empty()) {
    Seq parent = queue.front();
    queue.pop_front();
    for (uint64_t cursor = 0, more = 1; more != 0; cursor = more) {
      auto page = storage_.children(parent, cursor, kMaxPage);
      if (!page) return page.error();
      for (Seq child : page->seqs) {
        if (!seen.insert(child).second) continue;
        if (seen.size() > kMaxDescendants) return Error{Code::kLimit, "more than a million descendants"};
        queue.push_back(child);
        if (position++ < query.cursor) continue;
        if (found.seqs.size() == limit) {
          found.cursor = query.cursor + limit;
          return found;
        }
        found.seqs.push_back(child);
      }
      more = page->cursor;
    }
  }
  return found;
}

Result<Data> Catalog::read(const Read& call) {
  if (call.length > kMaxMessageValues) return Error{Code::kInvalid, "a read is at most 1 MiB"};
  auto record = storage_.get(call.seq);
  if (!record) return record.error();
  const Value& value = record->descriptor.value;
  Data data;
  if (call.offset >= value.size()) return data;
  data.bytes.resize(std::min<uint64_t>(call.length, value.size() - call.offset));
  auto count = value.read_at(call.offset, {reinterpret_cast<uint8_t*>(data.bytes.data()), data.bytes.size()});
  if (!count) return count.error();
  data.bytes.resize(*count);
  return data;
}

Result<Origins> Catalog::origins(const ListOrigins& call) {
  auto found = call.container != 0 ? storage_.origins_from(call.container, call.cursor, kMaxOriginPage)
                                   : storage_.origins_of(call.object, call.cursor, kMaxOriginPage);
  if (!found) return found.error();
  const bool is_last = found->size() < kMaxOriginPage;
  Origins answer;
  PageBudget budget;
  for (Origin& origin : *found) {
    if (call.upto != 0 && origin.seq > call.upto) return answer;
    if (!budget.takes(origin)) {
      answer.cursor = origin.seq;
      return answer;
    }
    answer.origins.push_back(std::move(origin));
  }
  if (!is_last) answer.cursor = answer.origins.back().seq + 1;
  return answer;
}

Result<Uuids> Catalog::uuids(const ListUuids& call) {
  size_t limit = call.limit == 0 ? kMaxUuidPage : std::min<size_t>(call.limit, kMaxUuidPage);
  auto found = storage_.uuids(call.domain, call.after, limit);
  if (!found) return found.error();
  Uuids answer;
  PageBudget budget;
  for (auto& entry : *found) {
    LabelledUuid item{entry.uuid, std::move(entry.label)};
    if (!budget.takes(item)) return answer;
    answer.uuids.push_back(std::move(item));
  }
  return answer;
}

}  // namespace rebus
