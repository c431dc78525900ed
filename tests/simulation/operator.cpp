#include "tests/simulation/operator.h"

#include <array>
#include <set>

namespace rebus::simulation {
namespace {

constexpr std::array kAgents = {"unpack", "hash", "clock", "chain", "fussy", "frail", "gather", "digest"};
// What they put out is the same when they do it again, or nothing.
constexpr std::array kForgettable = {"hash", "chain", "fussy"};

// A call without waiting for its answer, but for the page that it asks for.
Body ask(Master& master, PeerId peer, const Moment& now, Body call) {
  Hello hello;
  hello.agent = "operator";
  master.handle(peer, {0, hello}, now);
  master.handle(peer, {1, std::move(call)}, now);
  master.handle(peer, {0, Goodbye{}}, now);
  return {};
}

}  // namespace

void Operator::act(Master& master, PeerId peer, const Moment& now, Random& random) {
  switch (random() % 5) {
    case 0:
      if (storage_->last_submission() > 0)
        ask(master, peer, now, Cancel{1 + random() % storage_->last_submission()});
      break;
    case 1:
      ask(master, peer, now, Pause{kAgents[random() % kAgents.size()], true});
      break;
    case 2:
      resume_all(master, peer, now);
      break;
    case 3:
      prune(master, peer, now, random);
      break;
    default:
      forget(master, peer, now, random);
  }
}

void Operator::resume_all(Master& master, PeerId peer, const Moment& now) {
  for (const char* agent : kAgents) ask(master, peer, now, Pause{agent, false});
}

// The log fits into one page; what comes behind it are the notes.
void Operator::prune(Master& master, PeerId peer, const Moment& now, Random& random) {
  Prune query;
  query.before_ns = now.utc_ns - static_cast<int64_t>(random() % 200);
  ask(master, peer, now, query);
  if (random() % 4 == 0) return;  // broken off
  query.cursor = (1ULL << 63) + 1;
  ask(master, peer, now, query);
}

void Operator::forget(Master& master, PeerId peer, const Moment& now, Random& random) {
  std::string agent = kForgettable[random() % kForgettable.size()];
  for (const Consumer& consumer : *storage_->consumers()) {
    if (consumer.agent == agent) ask(master, peer, now, Forget{consumer.id});
  }
}

bool is_wanted(Storage& storage, Seq object) {
  std::vector<Seq> open{object};
  std::set<Seq> seen{object};
  while (!open.empty()) {
    Seq next = open.back();
    open.pop_back();
    for (const Origin& origin : *storage.origins_of(next, 0, 1 << 20)) {
      if (origin.container == 0 && !storage.submission(origin.submission)->cancelled) return true;
      if (origin.container != 0 && seen.insert(origin.container).second) open.push_back(origin.container);
    }
  }
  return false;
}

}  // namespace rebus::simulation
