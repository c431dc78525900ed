#include "tests/simulation/world.h"

#include <algorithm>
#include <numeric>
#include <sstream>

namespace rebus::simulation {
namespace {

constexpr int kMaxSteps = 60'000;
constexpr int kStormSteps = 400;  // faults come only so long; then all must come right

}  // namespace

World::World(uint64_t seed, bool faults, bool operated)
    : faults_(faults), operated_(operated), hasty_poison_(seed % 3 == 1), random_(seed) {
  Random casting(seed);  // the same cast with and without faults
  size_t injectors = 1 + casting() % 3;
  for (size_t i = 0; i < injectors; i++) {
    hire(Part::kInject, "inject", i);
    cast_.back()->plan = plan_of(seed, i);
    cast_.back()->lane = static_cast<Lane>(casting() % kLanes);
  }
  hire(Part::kUnpack, "unpack", 0);
  for (uint64_t i = 0; i <= casting() % 2; i++) hire(Part::kHash, "hash", i);
  for (uint64_t i = 0; i <= casting() % 2; i++) hire(Part::kClock, "clock", i);
  hire(Part::kChain, "chain", 0);
  hire(Part::kFussy, "fussy", 0);
  hire(Part::kFrail, "frail", 0);
  for (uint64_t i = 0; i <= casting() % 2; i++) hire(Part::kGather, "gather", i);
  hire(Part::kDigest, "digest", 0);
  hire(Part::kRead, "reader", 0);
  start_master();
}

World::~World() = default;

void World::hire(Part part, const std::string& name, uint64_t number) {
  auto actor = std::make_unique<Actor>();
  actor->part = part;
  actor->name = name;
  actor->number = number;
  cast_.push_back(std::move(actor));
}

void World::start_master() {
  auto master = Master::start(*storage_, {}, now_);
  if (!master) {
    broken_law_ = "the master starts on what it stored: " + master.error().message;
    return;
  }
  master_ = *std::move(master);
}

// Power cut: uncommitted changes, connections and messages under way are lost.
void World::crash_master() {
  master_.reset();
  storage_.crash(random_);
  for (auto& actor : cast_) disconnect(*actor, false);
  start_master();
}

std::string World::run() {
  std::string missing = "the bus comes to rest";
  for (int i = 0; i < kMaxSteps && broken_law_.empty(); i++) {
    bool storm = faults_ && i < kStormSteps;
    if (storm && random_() % 20 == 0) fault();
    if (operated_ && i < kStormSteps && random_() % 25 == 0)
      operator_.act(*master_, next_peer_++, now_, random_);
    if (operated_ && i >= kStormSteps && i % 500 == 0)  // a crash may take it back
      operator_.resume_all(*master_, next_peer_++, now_);
    if (!broken_law_.empty()) break;
    step();
    if (storm || i % 16 != 0 || !at_rest()) continue;
    missing = check_progress();
    if (missing.empty()) missing = check_quarantine();
    if (!missing.empty()) continue;
    if (!has_innocent_in_quarantine()) return check_laws();
    retry_innocents();
  }
  return broken_law_.empty() ? missing : broken_law_;
}

void World::fault() {
  Actor& actor = *cast_[random_() % cast_.size()];
  switch (random_() % 4) {
    case 0:
      crash_master();
      break;
    case 1:
      disconnect(actor, true);
      break;
    case 2:
      disconnect(actor, false);
      break;  // noticed only by its silence
    case 3:
      now_.steady += std::chrono::seconds(3);
      break;
  }
}

void World::step() {
  now_.steady += std::chrono::milliseconds(random_() % 50);
  now_.utc_ns++;
  size_t choice = random_() % (cast_.size() + 2);
  if (choice < cast_.size()) return act(*cast_[choice]);
  master_turn();
}

void World::master_turn() {
  for (auto& actor : cast_) {
    size_t count = random_() % 4;
    while (count-- > 0 && !actor->outbox.empty()) {
      Message message = std::move(actor->outbox.front());
      actor->outbox.pop_front();
      master_->handle(actor->peer, std::move(message), now_);
    }
  }
  master_->tick(now_);
  if (faults_ && random_() % 300 == 0) return crash_master();  // before the commit
  auto outbox = master_->settle();
  if (!outbox) {
    broken_law_ = "the storage works: " + outbox.error().message;
    return;
  }
  if (faults_ && random_() % 300 == 0) return crash_master();  // committed, not sent
  for (Outgoing& out : *outbox) {
    auto it = std::find_if(cast_.begin(), cast_.end(), [&](auto& a) { return a->peer == out.peer; });
    if (it != cast_.end()) (*it)->inbox.push_back(std::move(out.message));
  }
}

void World::connect(Actor& actor) {
  actor.peer = next_peer_++;
  actor.tasks.clear();
  actor.current.reset();
  actor.bulks.clear();
  actor.bulk.reset();
  actor.joined = false;
  actor.outbox.push_back({UINT64_MAX, hello_of(actor)});
}

// The peer forgets its tasks, as a process that died does; calls of injectors are repeated by its successor.
void World::disconnect(Actor& actor, bool noticed) {
  if (actor.peer == 0) return;
  if (actor.current) deaths_[{actor.name, actor.current->record.seq}]++;
  if (actor.bulk) deaths_[{actor.name, 0}]++;    // of all that is in it
  for (const Message& message : actor.outbox) {  // the master may think that it was at work on that
    if (auto* finish = std::get_if<Finish>(&message.body)) {
      deaths_[{actor.name, finish->seq}]++;
      deaths_[{actor.name, 0}]++;
    }
  }
  if (random_() % 2 == 0 && master_) {  // what it sent before may still arrive
    for (Message& message : actor.outbox) master_->handle(actor.peer, std::move(message), now_);
  }
  if (noticed && master_) master_->peer_gone(actor.peer);
  actor.inbox.clear();
  actor.outbox.clear();
  actor.peer = 0;
  actor.joined = false;
  if (actor.part != Part::kInject) actor.unanswered.clear();
}

void World::act(Actor& actor) {
  if (actor.peer == 0) return connect(actor);
  if (!actor.inbox.empty()) {
    Message message = std::move(actor.inbox.front());
    actor.inbox.pop_front();
    return receive(actor, std::move(message));
  }
  if (!actor.joined) return;
  if (random_() % 8 == 0) actor.outbox.push_back({UINT64_MAX - 1, Heartbeat{}});
  work(actor);
}

void World::receive(Actor& actor, Message message) {
  if (std::holds_alternative<Lost>(message.body)) return disconnect(actor, false);
  if (const auto* welcome = std::get_if<Welcome>(&message.body)) {
    actor.joined = true;
    actor.token = welcome->token;
    for (const auto& [request, body] : actor.unanswered) actor.outbox.push_back({request, body});
    return;
  }
  if (auto* task = std::get_if<Task>(&message.body)) {
    if (actor.tasks.size() + (actor.current ? 1 : 0) >= 2) broken_law_ = "no peer holds more than its credit";
    actor.tasks.push_back(std::move(*task));
    return;
  }
  if (auto* bulk = std::get_if<BulkTask>(&message.body)) return actor.bulks.push_back(*bulk);
  auto it = actor.unanswered.find(message.request);
  if (it == actor.unanswered.end()) return;
  Body call = std::move(it->second);
  actor.unanswered.erase(it);
  answered(actor, call, message.body);
}

void World::answered(Actor& actor, const Body& call, const Body& answer) {
  if (const auto* opened = std::get_if<Opened>(&answer)) actor.submission = opened->submission;
  if (std::holds_alternative<CloseSubmission>(call)) actor.closed = true;
  const auto* push = std::get_if<Push>(&call);
  if (push != nullptr && std::holds_alternative<Pushed>(answer)) {
    acknowledged_.insert(push->item.descriptor.selector.str());
  }
  if (const auto* items = std::get_if<Items>(&answer)) {
    actor.collected.insert(actor.collected.end(), items->records.begin(), items->records.end());
    if (items->cursor != 0) this->call(actor, ListBulk{items->cursor});
  }
  const auto* failure = std::get_if<Failure>(&answer);
  if (failure != nullptr && !may_be_refused(actor, call, *failure))
    broken_law_ = "a correct call is not refused: " + failure->message;
}

// Of a submission that was cancelled.
bool World::may_be_refused(Actor& actor, const Body& call, const Failure& failure) {
  if (!operated_ || failure.code != Code::kFailed || !std::holds_alternative<Push>(call)) return false;
  if (actor.part == Part::kInject) actor.plan.clear();
  return true;
}

void World::call(Actor& actor, Body body) {
  uint64_t request = actor.next_request++;
  actor.unanswered[request] = body;
  actor.outbox.push_back({request, std::move(body)});
}

void World::work(Actor& actor) {
  if (actor.part == Part::kInject) {
    if (!actor.unanswered.empty() || actor.closed) return;
    if (actor.submission == 0) return call(actor, OpenSubmission{note_of(actor.number), actor.lane});
    if (actor.plan.empty()) return call(actor, CloseSubmission{actor.submission});
    call(actor, Push{actor.plan.front(), actor.submission});
    return actor.plan.pop_front();
  }
  bool is_heard = actor.unanswered.empty();  // its Started, if it awaits the answer
  if (actor.current && actor.part == Part::kFrail && is_heard && is_poison(*actor.current))
    return disconnect(actor, true);
  if (actor.bulk || (!actor.bulks.empty() && !actor.current)) return work_on_bulk(actor);
  if (actor.current && actor.unanswered.empty()) {  // all that it published is stored
    // Of a task that was withdrawn and is handed out again, a second Finish would end the second try.
    bool muddled = faults_ && !operated_ && actor.part == Part::kClock && random_() % 10 == 0;
    if (muddled) actor.outbox.push_back({0, finish_of(actor, *actor.current, random_)});
    actor.outbox.push_back({0, finish_of(actor, *actor.current, random_)});
    actor.current.reset();
    return;
  }
  if (actor.current || actor.tasks.empty()) return;
  Task task = std::move(actor.tasks.front());
  actor.tasks.pop_front();
  if (actor.part == Part::kRead) {
    Finish finish = finish_of(actor, task, random_);
    actor.position = finish.seq;
    actor.seen.push_back(finish.seq);
    actor.outbox.push_back({0, std::move(finish)});
    return;
  }
  say_started(actor, task.record.seq, task.is_suspect);
  if (actor.part == Part::kUnpack) {
    for (NewDescriptor& member : members_of(task.record.descriptor)) call(actor, Push{std::move(member), 0});
  }
  bool is_hasty = hasty_poison_ && actor.part == Part::kFrail && !task.is_suspect;
  actor.current = std::move(task);
  if (!is_hasty || !is_poison(*actor.current)) return;
  actor.outbox.pop_back();  // it dies before the word of what it begins has left; others may arrive
  disconnect(actor, true);
}

void World::say_started(Actor& actor, Seq task, bool is_suspect) {
  if (is_suspect) return call(actor, Started{task});
  actor.outbox.push_back({0, Started{task}});
}

void World::work_on_bulk(Actor& actor) {
  if (!actor.bulk) {
    actor.bulk = actor.bulks.front();
    actor.bulks.pop_front();
    actor.collected.clear();
    say_started(actor, actor.bulk->seq, actor.bulk->is_suspect);
    return call(actor, ListBulk{});
  }
  if (!actor.unanswered.empty()) return;
  actor.outbox.push_back({0, finish_of_bulk(actor)});
  actor.bulk.reset();
}

bool World::at_rest() const {
  return std::all_of(cast_.begin(), cast_.end(),
                     [](auto& a) {
                       bool done = a->part != Part::kInject || a->closed;
                       bool caught_up = a->outbox.empty() ||
                                        std::all_of(a->outbox.begin(), a->outbox.end(), [](const Message& m) {
                                          return std::holds_alternative<Heartbeat>(m.body);
                                        });
                       bool has_work = !a->tasks.empty() || a->current || !a->bulks.empty() || a->bulk;
                       return a->joined && a->inbox.empty() && !has_work && a->unanswered.empty() && done &&
                              caught_up;
                     }) &&
         master_->is_idle();
}

std::string World::check_laws() {
  for (const std::string& selector : operated_ ? std::set<std::string>() : acknowledged_) {
    auto seq = storage_->lookup(Domain(), *Selector::parse(selector));
    if (!seq || *seq == 0) return "what was acknowledged is stored: " + selector;
  }
  return check_effects();
}

// Every consumer handled every descriptor that concerns it, and the reader saw everything. A peer that was
// taken for dead learns it with its next heartbeat, so this holds in the end and not at once.
std::string World::check_progress() {
  std::map<std::string, ConsumerId> ids;
  for (const Consumer& consumer : *storage_->consumers()) ids[consumer.agent] = consumer.id;
  for (auto& actor : cast_) {
    Hello hello = hello_of(*actor);
    if (hello.role == Role::kProducer) continue;
    std::string broken =
        hello.role == Role::kReader ? check_reader(*actor) : check_consumer(hello, ids[hello.agent]);
    if (!broken.empty()) return broken;
  }
  if (operated_) return "";  // what is cancelled is in no bulk, what is forgotten in two
  std::string broken = check_bulks("gather");
  return broken.empty() ? check_bulks("digest") : broken;
}

// Only what ended three instances, and all that ends every instance.
std::string World::check_quarantine() {
  for (const Consumer& consumer : *storage_->consumers()) {
    for (const Mark& mark : *storage_->failures(consumer.id, 0, 1 << 20)) {
      int deaths = std::max(deaths_[{consumer.agent, mark.seq}], deaths_[{consumer.agent, 0}]);
      if (mark.outcome != Outcome::kQuarantined || deaths >= 3) continue;
      return "only what ended three instances is quarantined: " + consumer.agent + ": " + mark.message;
    }
  }
  return "";
}

bool World::has_innocent_in_quarantine() {
  for (const Consumer& consumer : *storage_->consumers()) {
    auto failures = *storage_->failures(consumer.id, 0, 1 << 20);
    bool has_any = std::any_of(failures.begin(), failures.end(),
                               [](const Mark& mark) { return mark.outcome == Outcome::kQuarantined; });
    if (has_any && consumer.agent != "frail") return true;
  }
  return false;
}

// As an operator does when the trouble is over.
void World::retry_innocents() {
  PeerId peer = next_peer_++;
  Hello hello;
  hello.agent = "admin";
  master_->handle(peer, {1, hello}, now_);
  for (const Consumer& consumer : *storage_->consumers()) {
    if (consumer.agent != "frail") master_->handle(peer, {1, Retry{consumer.agent}}, now_);
  }
  master_->handle(peer, {0, Goodbye{}}, now_);
}

std::string World::check_consumer(const Hello& hello, ConsumerId id) {
  auto filter = Filter::of(hello);
  uint64_t taken = 0;
  for (const LogEntry& entry : *storage_->log(1, 1 << 20)) {
    if (entry.is_origin || !filter->matches(entry)) continue;
    taken++;
    if (*storage_->is_marked(entry.seq, id)) continue;
    auto record = *storage_->get(entry.seq);
    bool is_cancelled = storage_->submission(record.submission)->cancelled;
    if (is_cancelled && !is_wanted(*storage_, record.object)) continue;
    return "every consumer handles every descriptor: " + hello.agent + " never handled " + entry.path;
  }
  return faults_ ? "" : check_count(hello, id, taken);
}

// Counts may be off after faults, until all is handled; without any they never are.
std::string World::check_count(const Hello& hello, ConsumerId id, uint64_t taken) {
  for (const Consumer& consumer : *storage_->consumers()) {
    const auto& passed = consumer.passed;
    uint64_t sum = std::accumulate(passed.begin(), passed.end(), uint64_t{0});
    if (consumer.id != id || sum == taken) continue;
    return "nothing is pending when all is handled: " + hello.agent + " is through with " +
           std::to_string(sum) + " of " + std::to_string(taken);
  }
  return "";
}

// One /clock for each file, although each run of it would give another.
std::string World::check_effects() {
  std::map<Seq, int> clocks;
  ConsumerId clock = 0;
  for (const Consumer& consumer : *storage_->consumers())
    clock = consumer.agent == "clock" ? consumer.id : clock;
  for (const LogEntry& entry : *storage_->log(1, 1 << 20)) {
    if (entry.is_origin) continue;
    if (entry.path == "/binary/elf") clocks.try_emplace(entry.seq, 0);
    if (entry.path == "/clock") clocks[storage_->get(entry.seq)->object]++;
  }
  for (const auto& [seq, count] : clocks) {
    bool is_undone = operated_ && count == 0 && !*storage_->is_marked(seq, clock);
    if (count != 1 && !is_undone)
      return "effects happen exactly once: " + std::to_string(count) + " results of one file";
  }
  return "";
}

// Each file was in one bulk, and only one.
std::string World::check_bulks(const std::string& agent) {
  std::map<Seq, int> bulks;
  for (const LogEntry& entry : *storage_->log(1, 1 << 20)) {
    if (entry.is_origin) continue;
    if (entry.path == "/binary/elf") bulks.try_emplace(entry.seq, 0);
    if (entry.path != "/" + agent) continue;
    std::istringstream seqs(*storage_->get(entry.seq)->descriptor.value.load(1 << 20));
    for (Seq seq = 0; seqs >> seq;) bulks[seq]++;
  }
  for (const auto& [seq, count] : bulks) {
    if (count != 1) return "a file is in one bulk of " + agent + ", not in " + std::to_string(count);
  }
  return "";
}

std::string World::check_reader(const Actor& reader) {
  if (!std::is_sorted(reader.seen.begin(), reader.seen.end())) return "a reader gets the log in order";
  if (operated_) {
    for (const LogEntry& entry : *storage_->log(1, 1 << 20)) {
      if (!is_seen(reader, entry)) return "a reader gets everything that is left";
    }
    return "";
  }
  std::vector<Seq> log;
  for (const LogEntry& entry : *storage_->log(1, 1 << 20)) log.push_back(entry.seq);
  if (reader.seen != log) return "a reader gets everything exactly once";
  return "";
}

// An origin whose object was pruned is none any more, though its entry may be there.
bool World::is_seen(const Actor& reader, const LogEntry& entry) {
  if (std::binary_search(reader.seen.begin(), reader.seen.end(), entry.seq)) return true;
  auto origin = *storage_->origin_at(entry.seq);
  return entry.is_origin && origin && !storage_->get(origin->object);
}

std::set<std::string> World::outcome() {
  std::set<std::string> lines;
  for (const LogEntry& entry : *storage_->log(1, 1 << 20)) {
    bool depends_on_the_order = entry.path == "/clock" || entry.path == "/gather" || entry.path == "/digest";
    if (entry.is_origin || depends_on_the_order) continue;
    lines.insert(storage_->get(entry.seq)->descriptor.selector.str());
    for (const Origin& origin : *storage_->origins_of(entry.seq, 0, 1 << 20)) {
      std::string container =
          origin.container == 0 ? "-" : storage_->get(origin.container)->descriptor.selector.str();
      lines.insert(origin.name + " " + std::to_string(origin.ordinal) + " in " + container);
    }
  }
  return lines;
}

}  // namespace rebus::simulation
