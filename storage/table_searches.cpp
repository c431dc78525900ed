// The searches of TableStorage. None loads a record.
#include <algorithm>
#include <unordered_set>

#include "storage/keys.h"
#include "storage/path_walk.h"
#include "storage/selector_pattern.h"
#include "storage/table_storage.h"

namespace rebus {
namespace {

// Selectors that one page of find_regex() looks at, at most: some 50 ms. A page may therefore be short, even
// empty, with a cursor to go on from.
// One page is some milliseconds of work whatever the pattern: it keeps everybody else waiting. With a program
// of 1,500 instructions RE2 was seen to need a millisecond for one selector, with 30 less than a microsecond.
constexpr size_t kMaxPatternWork = 200'000;
constexpr size_t kMinSelectorsPerPage = 32;

// A page whose cursor is how many to skip.
class SkippingPage {
 public:
  SkippingPage(uint64_t skip, size_t limit) : skip_(skip), limit_(limit) {}
  // False when the page is full and there is more.
  bool add(Seq seq) {
    if (seen_++ < skip_) return true;
    if (page_.seqs.size() < limit_) {
      page_.seqs.push_back(seq);
      return true;
    }
    page_.cursor = skip_ + limit_;
    return false;
  }
  Page take() { return std::move(page_); }

 private:
  uint64_t skip_, seen_ = 0;
  size_t limit_;
  Page page_;
};

// The first 4 to 64 hex digits of a digest.
struct DigestPrefix {
  std::string bytes;  // whole ones
  int half = -1;      // the digit left over, if their count is odd
  bool begins(std::string_view digest) const {
    if (!digest.starts_with(bytes)) return false;
    return half < 0 || static_cast<uint8_t>(digest[bytes.size()]) >> 4 == half;
  }
  // The first digest that begins so.
  std::string first() const { return half < 0 ? bytes : bytes + static_cast<char>(half << 4); }
};

Result<DigestPrefix> parse_digest_prefix(std::string hex) {
  bool fits = hex.size() >= 4 && hex.size() <= 64;
  for (char& c : hex) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  auto digest = fits ? Digest::parse(hex + std::string(64 - hex.size(), '0')) : Result<Digest>(Error{});
  if (!digest) return Error{Code::kInvalid, "a digest is searched by 4 to 64 of its hex digits"};
  DigestPrefix prefix{std::string(as_text(digest->bytes).substr(0, hex.size() / 2)), -1};
  if (hex.size() % 2 == 1) prefix.half = digest->bytes[hex.size() / 2] >> 4;
  return prefix;
}

bool is_wanted(const std::optional<Domain>& domain, std::string_view name) {
  return !domain || domain->str() == name;
}

}  // namespace

Result<Page> TableStorage::page_of(Family family, const std::string& prefix, uint64_t cursor, size_t limit,
                                   const std::optional<Domain>& domain) {
  Page page;
  auto add = [&](std::string_view key, std::string_view value) -> Result<bool> {
    if (domain && !is_wanted(domain, value)) return true;
    bool is_full = page.seqs.size() >= limit;
    is_full ? void(page.cursor = last_number(key)) : page.seqs.push_back(last_number(key));
    return !is_full;
  };
  auto done = scan(family, prefix, prefix + number_key(cursor), add);
  if (!done) return done.error();
  return page;
}

Result<Page> TableStorage::find_uuid(const std::optional<Domain>& domain, const Uuid& uuid, uint64_t cursor,
                                     size_t limit) {
  return page_of(Family::kUuid, uuid_prefix(uuid), cursor, limit, domain);
}

Result<Page> TableStorage::children(Seq parent, uint64_t cursor, size_t limit) {
  return page_of(Family::kChild, number_key(parent), cursor, limit);
}

Result<Page> TableStorage::contents(Seq container, uint64_t cursor, size_t limit) {
  return page_of(Family::kContent, number_key(container), cursor, limit);
}

Result<Page> TableStorage::roots(SubmissionId submission, uint64_t cursor, size_t limit) {
  return page_of(Family::kRoot, number_key(submission), cursor, limit);
}

// --- by type path ---

Result<Page> TableStorage::find_prefix(const std::optional<Domain>& domain, const std::string& prefix,
                                       uint64_t cursor, size_t limit) {
  std::string begin = prefix.substr(0, prefix.find_last_not_of('/') + 1);
  PathWalk walk(*table_, PathWalk::Order::kOldestFirst, cursor);
  auto done = for_each_path(*table_, domain, begin, [&](std::string_view name, std::string_view path) {
    if (covers(prefix, path)) walk.add(name, path);
  });
  if (!done) return done.error();
  Page page;
  for (;;) {
    auto step = walk.next();
    if (!step) return step.error();
    if (!*step) return page;
    if (page.seqs.size() >= limit) {
      page.cursor = (*step)->seq;
      return page;
    }
    page.seqs.push_back((*step)->seq);
  }
}

Result<Page> TableStorage::find_regex(const std::optional<Domain>& domain, const std::string& regex,
                                      uint64_t cursor, size_t limit) {
  auto pattern = SelectorPattern::compile(regex);
  if (!pattern) return pattern.error();
  PathWalk walk(*table_, PathWalk::Order::kNewestFirst, cursor);
  auto done = for_each_path(*table_, domain, pattern->path_prefix(),
                            [&](std::string_view name, std::string_view path) {
                              if (pattern->may_match(path)) walk.add(name, path);
                            });
  if (!done) return done.error();
  const size_t most = std::max(kMinSelectorsPerPage, kMaxPatternWork / pattern->size());
  Page page;
  for (size_t looked_at = 0;; looked_at++) {
    auto step = walk.next();
    if (!step) return step.error();
    if (!*step) return page;
    if (page.seqs.size() >= limit || looked_at == most) {
      page.cursor = (*step)->seq;
      return page;
    }
    if (pattern->matches(*(*step)->path + "/%" + (*step)->id.hex())) page.seqs.push_back((*step)->seq);
  }
}

// --- by digest and by name ---

Result<Page> TableStorage::find_digest(const std::optional<Domain>& domain, const std::string& hex,
                                       uint64_t cursor, size_t limit) {
  auto prefix = parse_digest_prefix(hex);
  if (!prefix) return prefix.error();
  SkippingPage page(cursor, limit);
  bool is_full = false;
  auto identity = [&](std::string_view key, std::string_view value) -> Result<bool> {
    if (!prefix->begins(key)) return false;
    KeyReader reader(key);
    reader.raw(sizeof(Digest::bytes));
    if (is_wanted(domain, reader.word())) is_full = !page.add(last_number(value));
    return !is_full;
  };
  // What is here has an id of its own; if that begins so too, it was found above.
  auto value_digest = [&](std::string_view key, std::string_view value) -> Result<bool> {
    if (!prefix->begins(key)) return false;
    std::string_view name = value.substr(std::min(value.size(), sizeof(Digest::bytes)));
    if (prefix->begins(value) || !is_wanted(domain, name)) return true;
    is_full = !page.add(last_number(key));
    return !is_full;
  };
  auto done = scan(Family::kIdentity, prefix->bytes, prefix->first(), identity);
  if (done && !is_full) done = scan(Family::kDigest, prefix->bytes, prefix->first(), value_digest);
  if (!done) return done.error();
  return page.take();
}

Result<Page> TableStorage::find_name(const std::optional<Domain>& domain, const std::string& name,
                                     uint64_t cursor, size_t limit) {
  bool is_begin = name.ends_with('*');
  std::string prefix = is_begin ? KeyWriter().bytes_prefix(name.substr(0, name.size() - 1)).take()
                                : KeyWriter().bytes(name).take();
  SkippingPage page(cursor, limit);
  std::unordered_set<Seq> seen;  // several names of one object may begin so
  auto done =
      scan(Family::kName, prefix, prefix, [&](std::string_view key, std::string_view value) -> Result<bool> {
        Seq object = last_number(key);
        return !is_wanted(domain, value) || !seen.insert(object).second || page.add(object);
      });
  if (!done) return done.error();
  return page.take();
}

}  // namespace rebus
