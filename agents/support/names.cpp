#include "agents/support/names.h"

#include <algorithm>
#include <deque>
#include <queue>
#include <tuple>

namespace rebus {
namespace {

constexpr size_t kWorthwhile = 1000;  // moves that what was read should serve

}  // namespace

std::string composed_name(const std::string& container, const Origin& origin) {
  if (!origin.replaces) return container + ":" + origin.name;
  size_t last = container.find_last_of(":/");
  return last == std::string::npos ? origin.name : container.substr(0, last + 1) + origin.name;
}

// The name with number `index` of the container of the origin with number `step` leads to a name.
struct Names::Way {
  Seq born;
  size_t step, index;
  bool operator>(const Way& other) const {
    return std::tie(born, step, index) > std::tie(other.born, other.step, other.index);
  }
};

void Names::List::add(std::string text, Seq born, const NameLimits& limits) {
  full_ = full_ || ways_ == limits.ways || bytes_ + text.size() > limits.bytes;
  more_ = more_ || full_;
  if (full_) return;
  ways_++;
  auto [place, is_new] = texts_.insert(std::move(text));
  if (!is_new) return;
  names_.push_back({&*place, born});
  bytes_ += place->size();
}

NameList Names::List::born_from(Seq first) const {
  auto at =
      std::lower_bound(names_.begin(), names_.end(), first, [](auto& n, Seq seq) { return n.born < seq; });
  NameList list{{}, more_};
  for (; at != names_.end(); ++at) list.names.push_back(*at->text);
  return list;
}

Result<NameList> Names::of(OriginSource& source, Seq object, Seq upto) {
  move_to(upto);
  return born_from(source, object, 0);
}

Result<void> Names::gained(OriginSource& source, const Origin& origin, const Use& use) {
  move_to(origin.seq);
  auto updated = update(source, origin);
  if (!updated) return updated;
  return walk(source, origin.object, use);
}

void Names::move_to(Seq upto) {
  if (upto < at_) {
    graph_.forget();
    forget_lists();
  }
  at_ = upto;
  moves_++;
  trim();
}

// What is needed at every move is kept, however much it is: else an object with a million names would be read
// anew for each of them.
void Names::trim() {
  if (graph_.bytes() + list_bytes_ <= limits_.cached_bytes) return;
  if (moves_ < kWorthwhile) limits_.cached_bytes *= 2;
  moves_ = 0;
  graph_.forget();
  forget_lists();
}

void Names::forget_lists() {
  passed_on_.clear();
  list_bytes_ = 0;
}

// Names that the contents of `object` take on. Not recursive: chains of containers are as long as an attacker
// likes.
Result<const Names::List*> Names::passed_on(OriginSource& source, Seq object) {
  std::vector<Seq> path{object};
  while (!path.empty()) {
    Seq top = path.back();
    auto waits = await_containers(source, top, path);
    if (!waits) return waits.error();
    if (*waits) continue;
    path.pop_back();
    if (passed_on_.contains(top)) continue;
    auto steps = graph_.steps(source, top, at_);
    if (!steps) return steps.error();
    keep(top, compose(**steps, false));
  }
  return &passed_on_.at(object);
}

// Puts the containers whose names must be known first on `path`.
Result<bool> Names::await_containers(OriginSource& source, Seq object, std::vector<Seq>& path) {
  if (passed_on_.contains(object)) return false;
  auto steps = graph_.steps(source, object, at_);
  if (!steps) return steps.error();
  size_t before = path.size();
  for (const OriginStep& step : **steps) {
    Seq container = step.origin.container;
    bool counts = container != 0 && !step.closes_loop;
    if (counts && !passed_on_.contains(container) && path.back() != container) path.push_back(container);
  }
  return path.size() > before;
}

void Names::keep(Seq object, List list) {
  list_bytes_ += sizeof(List) + list.bytes() + list.size() * 64;
  passed_on_.insert_or_assign(object, std::move(list));
}

// Every name along every way, earliest birth first. The names of all containers on the way must be kept
// already.
Names::List Names::compose(const std::vector<OriginStep>& steps, bool with_loops) const {
  List list;
  std::priority_queue<Way, std::vector<Way>, std::greater<>> next;
  auto look_at = [&](size_t step, size_t index) {
    if (auto found = way(steps[step], step, index)) next.push(*found);
  };
  for (size_t step = 0; step < steps.size(); step++) {
    if (steps[step].closes_loop && !with_loops) continue;
    look_at(step, 0);
    if (loses_names(steps[step])) list.note_more();
  }
  while (!next.empty() && !list.full()) {
    Way current = next.top();
    next.pop();
    list.add(text_of(steps[current.step], current.index), current.born, limits_);
    look_at(current.step, current.index + 1);
  }
  return list;
}

std::optional<Names::Way> Names::way(const OriginStep& step, size_t number, size_t index) const {
  const Origin& origin = step.origin;
  if (origin.container == 0) return index == 0 ? std::optional(Way{origin.seq, number, index}) : std::nullopt;
  const List& container = passed_on_.at(origin.container);
  if (index >= std::min(container.size(), limits_.inherited)) return std::nullopt;
  return Way{std::max(origin.seq, container.born(index)), number, index};
}

bool Names::loses_names(const OriginStep& step) const {
  if (step.origin.container == 0) return false;
  const List& container = passed_on_.at(step.origin.container);
  return container.has_more() || container.size() > limits_.inherited;
}

std::string Names::text_of(const OriginStep& step, size_t index) const {
  if (step.origin.container == 0) return step.origin.name;
  return composed_name(passed_on_.at(step.origin.container).text(index), step.origin);
}

// Its names that were born at `first` or later, those through loops among them.
Result<NameList> Names::born_from(OriginSource& source, Seq object, Seq first) {
  auto list = passed_on(source, object);
  if (!list) return list.error();
  auto has_loops = graph_.has_loops(source, object, at_);
  if (!has_loops) return has_loops.error();
  if (!*has_loops) return (*list)->born_from(first);
  auto steps = graph_.steps(source, object, at_);
  if (!steps) return steps.error();
  auto ready = passed_on_containers(source, **steps);
  if (!ready) return ready.error();
  return compose(**steps, true).born_from(first);
}

Result<void> Names::passed_on_containers(OriginSource& source, const std::vector<OriginStep>& steps) {
  for (const OriginStep& step : steps) {
    if (step.origin.container == 0) continue;
    auto container = passed_on(source, step.origin.container);
    if (!container) return container.error();
  }
  return {};
}

// Takes in an origin. Whatever else was composed may be out of date by it; of its own object's names none is.
Result<void> Names::update(OriginSource& source, const Origin& origin) {
  auto step = graph_.add(source, origin);
  if (!step) return step.error();
  if (step->closes_loop) return {};
  if (origin.container != 0) {
    auto container = passed_on(source, origin.container);
    if (!container) return container.error();
  }
  List list;
  auto known = passed_on_.find(origin.object);
  bool was_known = known != passed_on_.end();
  if (was_known) list = std::move(known->second), extend(list, *step);
  forget_lists();
  if (was_known) keep(origin.object, std::move(list));
  return {};
}

void Names::extend(List& list, const OriginStep& step) const {
  for (size_t index = 0; auto found = way(step, 0, index); index++) {
    list.add(text_of(step, index), step.origin.seq, limits_);
    if (list.full()) break;
  }
  if (loses_names(step)) list.note_more();
}

// Breadth first through everything that may have gained names by the origin at at_.
Result<void> Names::walk(OriginSource& source, Seq object, const Use& use) {
  std::deque<Seq> open{object};
  std::unordered_set<Seq> seen{object};
  for (; !open.empty(); open.pop_front()) {
    trim();
    auto names = born_from(source, open.front(), at_);
    if (!names) return names.error();
    bool is_told = !names->names.empty() || names->more;
    auto used = is_told ? use(open.front(), *names) : Result<void>();
    if (!used) return used;
    // Not "no name": one that was known through a loop may now be passed on.
    if (!passed_on_.at(open.front()).grew_at(at_)) continue;
    auto contents = source.contents_of(open.front(), at_);
    if (!contents) return contents.error();
    for (const Origin& inside : *contents) {
      if (seen.insert(inside.object).second) open.push_back(inside.object);
    }
  }
  return {};
}

}  // namespace rebus
