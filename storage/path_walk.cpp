#include "storage/path_walk.h"

#include <algorithm>
#include <limits>

#include "storage/keys.h"

namespace rebus {
namespace {

// Read from one path at a time: more would be thrown away by small pages, less would seek for every step.
constexpr size_t kReadAhead = 16;

// The first key after all those that begin with word(text)…: a word ends with a zero byte.
std::string after_word(std::string_view before, std::string_view text) {
  return KeyWriter().raw(before).raw(text).byte(1).take();
}

Error bad_key(const Table& table, const TableIterator& at) {
  return damaged(table, Family::kPath, at.key(), "it cannot be decoded");
}

// The paths of one domain; leaves the iterator behind them.
Result<void> for_each_path_of(const Table& table, TableIterator& at, const std::string& domain,
                              const std::string& prefix,
                              const std::function<void(std::string_view, std::string_view)>& use) {
  std::string before = KeyWriter().word(domain).take();
  std::string begin = before + prefix;
  for (at.seek(begin); at.valid() && at.key().starts_with(begin);) {
    KeyReader reader(at.key());
    reader.word();
    std::string path(reader.word());
    if (!reader.ok()) return bad_key(table, at);
    use(domain, path);
    at.seek(after_word(before, path));
  }
  return at.status();
}

}  // namespace

Result<void> for_each_path(const Table& table, const std::optional<Domain>& domain, const std::string& prefix,
                           const std::function<void(std::string_view, std::string_view)>& use) {
  auto at = table.iterate(Family::kPath);
  if (domain) return for_each_path_of(table, *at, domain->str(), prefix, use);
  at->seek("");
  while (at->valid()) {
    KeyReader reader(at->key());
    std::string name(reader.word());
    if (!reader.ok()) return bad_key(table, *at);
    auto done = for_each_path_of(table, *at, name, prefix, use);
    if (!done) return done;
    at->seek(after_word("", name));
  }
  return at->status();
}

PathWalk::PathWalk(const Table& table, Order order, Seq from)
    : table_(table), order_(order), from_(from), at_(table.iterate(Family::kPath)) {
  if (from_ == 0 && order_ == Order::kNewestFirst) from_ = std::numeric_limits<Seq>::max();
}

void PathWalk::add(std::string_view domain, std::string_view path) {
  lanes_.push_back({KeyWriter().word(domain).word(path).take(), std::string(path), from_, {}, false});
}

Result<std::optional<PathWalk::Step>> PathWalk::next() {
  auto started = start();
  if (!started) return started.error();
  if (heads_.empty()) return std::optional<Step>();
  size_t lane = heads_.top().lane;
  heads_.pop();
  Step step = lanes_[lane].ahead.front();
  lanes_[lane].ahead.pop_front();
  auto queued = queue_head(lane);
  if (!queued) return queued.error();
  return std::optional(step);
}

Result<void> PathWalk::start() {
  if (std::exchange(is_started_, true)) return {};
  for (size_t lane = 0; lane < lanes_.size(); lane++) {
    auto queued = queue_head(lane);
    if (!queued) return queued;
  }
  return {};
}

Result<void> PathWalk::queue_head(size_t index) {
  Lane& lane = lanes_[index];
  auto read = read_ahead(lane);
  if (!read) return read;
  if (!lane.ahead.empty()) heads_.push({rank(lane.ahead.front().seq), index});
  return {};
}

Result<void> PathWalk::read_ahead(Lane& lane) {
  if (!lane.ahead.empty() || lane.is_at_end) return {};
  std::string key = lane.key_prefix + number_key(lane.from);
  order_ == Order::kOldestFirst ? at_->seek(key) : at_->seek_back(key);
  while (lane.ahead.size() < kReadAhead && at_->valid() && at_->key().starts_with(lane.key_prefix)) {
    auto read = read_step(lane);
    if (!read) return read;
    order_ == Order::kOldestFirst ? at_->next() : at_->previous();
  }
  lane.is_at_end = lane.ahead.size() < kReadAhead;
  if (!lane.is_at_end) lane.from = order_ == Order::kOldestFirst ? lane.from + 1 : lane.from - 1;
  return at_->status();
}

Result<void> PathWalk::read_step(Lane& lane) {
  KeyReader reader(at_->key().substr(lane.key_prefix.size()));
  Step step{reader.u64(), {}, &lane.path};
  std::string_view id = at_->value();
  if (!reader.done() || id.size() != step.id.bytes.size()) return bad_key(table_, *at_);
  std::copy_n(as_bytes(id).begin(), id.size(), step.id.bytes.begin());
  lane.from = step.seq;
  lane.ahead.push_back(step);
  return {};
}

}  // namespace rebus
