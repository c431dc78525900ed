// Sessions: who joins, who leaves, and what happens to what he held.
#include <sys/random.h>

#include <algorithm>
#include <cstdlib>

#include "descriptor/escape.h"
#include "descriptor/json.h"
#include "master/rules.h"

namespace rebus {
namespace {

constexpr uint32_t kMaxCredit = 1024;
constexpr size_t kMaxConsumers = 4096;  // all are kept in memory
constexpr size_t kMaxLayers = 16;       // of Hello::sandbox, which is stored with each descriptor
constexpr size_t kMaxLayerBytes = 100;  // of each
constexpr size_t kMaxHow = 1024;        // bytes of an explanation
constexpr size_t kMaxDeclared = 4096;   // bytes of Consumer::takes; above them its SHA-256 stands for it

uint64_t random_token() {
  uint64_t token = 0;
  if (getrandom(&token, sizeof token, 0) != sizeof token) std::abort();
  return token == 0 ? 1 : token;
}

// Canonical JSON of what a consumer takes, but for its domain.
std::string declared_by(const Hello& hello) {
  std::vector<std::string> prefixes = hello.prefixes;
  std::sort(prefixes.begin(), prefixes.end());
  JsonObject declared;
  if (hello.objects_only) declared.add_json("objects_only", "true");
  if (hello.own_domain) declared.add_json("own_domain", "true");
  declared.add("prefixes", prefixes);
  if (!hello.selector_regex.empty()) declared.add("selector_regex", escape(hello.selector_regex));
  std::string text = declared.str();
  return text.size() <= kMaxDeclared ? text : sha256(as_bytes(text)).hex();
}

bool is_short_list(const std::vector<std::string>& layers) {
  return layers.size() <= kMaxLayers &&
         std::ranges::all_of(layers, [](const auto& layer) { return layer.size() <= kMaxLayerBytes; });
}

bool is_agent_name(std::string_view name) {
  return !name.empty() && name.size() <= 100 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

}  // namespace

void Master::Rules::on(Session* old, PeerId peer, uint64_t request, Hello& hello) {
  if (old != nullptr) end_session(peer, Ending::kLeft);
  for (const auto& [other, session] : sessions) {
    if (hello.token == 0 || session.token != hello.token) continue;
    end_session(other, Ending::kLeft);  // the peer came back on a new connection: what it held is due again
    break;
  }
  auto forgiven = forgive(hello.token);
  if (!forgiven) return;  // a failure of the storage is in `broken`
  Session session;
  session.peer = peer;
  session.token = random_token();
  session.hello = std::move(hello);
  session.last_heard = now.steady;
  uint64_t token = session.token;
  auto joined = join(session);
  if (!joined) return answer(peer, request, Failure{joined.error().code, joined.error().message});
  answer(peer, request,
         Welcome{token, storage.epoch(), storage.bus_name(), next_seq - 1, options.limits.profile});
}

Result<void> Master::Rules::join(Session& session) {
  Hello& hello = session.hello;
  if (hello.protocol != kProtocolVersion) {
    return Error{Code::kProtocol, "this master speaks protocol " + std::to_string(kProtocolVersion) +
                                      ", the peer " + std::to_string(hello.protocol) +
                                      ": update the older one"};
  }
  if (!is_agent_name(hello.agent))
    return Error{Code::kInvalid, "not an agent name: '" + escape(hello.agent) + "'"};
  if (!is_short_list(hello.sandbox))
    return Error{Code::kInvalid, "it tells more of its sandbox than " + std::to_string(kMaxLayers) +
                                     " words of " + std::to_string(kMaxLayerBytes) + " bytes"};
  hello.credit = std::clamp<uint32_t>(hello.credit, 1, kMaxCredit);
  auto filter = Filter::of(hello);
  if (!filter) return filter.error();
  session.filter = *std::move(filter);
  // One that comes back after a reconnect may have pushed all.
  session.is_producing = hello.role == Role::kProducer && hello.token == 0;
  bool may_inject = hello.role == Role::kProducer || hello.role == Role::kClient;
  if (may_inject && hello.submission != 0) {
    auto resumed = resume(session, hello.submission);
    if (!resumed) return resumed;
  }
  session.next = std::max<Seq>(hello.from, 1);
  if (hello.role == Role::kConsumer) {
    auto joined = join_consumer(session);
    if (!joined) return joined;
  }
  if (hello.role == Role::kReader) readers.insert(session.peer);
  sessions[session.peer] = std::move(session);
  return {};
}

// The stored consumer; a new one if there is none. Its watermarks are of what it takes: when that changes,
// everything is looked at again, and marks tell what it has handled already.
Result<Consumer*> Master::Rules::consumer_of(const Hello& hello) {
  Consumer fresh;
  fresh.agent = hello.agent;
  fresh.config = hello.config;
  fresh.domain = hello.domain;
  fresh.takes = declared_by(hello);
  auto [it, is_new] = known.try_emplace(key_of(fresh), fresh);
  Consumer& consumer = it->second;
  if (is_new && known.size() > kMaxConsumers) {
    known.erase(it);
    return Error{Code::kLimit, "the bus knows " + std::to_string(kMaxConsumers) +
                                   " consumers (agents with their options and domains) and takes no more"};
  }
  if (!is_new && consumer.forgotten) {
    return Error{Code::kConflict, hello.agent +
                                      " is being forgotten, which was broken off: `rebus_admin forget " +
                                      std::to_string(consumer.id) + "` ends it"};
  }
  if (is_new) consumer.id = free_consumer_id();
  bool takes_other = !is_new && consumer.takes != fresh.takes;
  if (takes_other && live.contains(consumer.id)) {
    return Error{Code::kConflict, "instances of " + hello.agent + " that take other things (" +
                                      consumer.takes +
                                      ") are at work: stop them first, or give this one the same options"};
  }
  Consumer& current = record_of(consumer.id);
  auto is_other_mode = declare_modes(current, hello, is_new);
  if (!is_other_mode && is_new) known.erase(it);
  if (!is_other_mode) return is_other_mode.error();
  consumer.modes = current.modes;
  consumer.mode = current.mode;
  if (!is_new && !takes_other && !*is_other_mode) return &consumer;
  if (takes_other) consumer.watermark = {};
  consumer.takes = fresh.takes;
  Step step(storage, next_seq);
  step.set(consumer);
  auto stored = apply(step);
  if (!stored) return stored.error();
  return &consumer;
}

// Nothing is stored of a consumer that was forgotten, so that its number is as good as new.
ConsumerId Master::Rules::free_consumer_id() const {
  std::set<ConsumerId> taken;
  for (const auto& [key, consumer] : known) taken.insert(consumer.id);
  ConsumerId id = 1;
  while (taken.contains(id)) id++;
  return id;
}

Result<void> Master::Rules::join_consumer(Session& session) {
  auto consumer = consumer_of(session.hello);
  if (!consumer) return consumer.error();
  session.consumer = (*consumer)->id;
  auto found = live.find(session.consumer);
  if (found == live.end()) {
    Live fresh{ConsumerQueue(storage, **consumer, session.filter), {}};
    fresh.is_recount_due =
        (*consumer)->passed != PerLane{};  // it was here before, maybe when the master ended
    auto loaded = fresh.queue.load();
    if (loaded) loaded = load_gathered(fresh);
    if (!loaded) return loaded;
    found = live.emplace(session.consumer, std::move(fresh)).first;
    auto stored = store_liveness(found->second, true);
    if (!stored) return stored;
  }
  awaited.erase(session.consumer);
  session.slot = free_slot(found->second);
  session.worked = now.steady;
  found->second.instances.insert(session.peer);
  return {};
}

// The lowest number that no instance has.
uint32_t Master::Rules::free_slot(const Live& consumer) const {
  std::set<uint32_t> taken;
  for (PeerId peer : consumer.instances) taken.insert(sessions.at(peer).slot);
  uint32_t slot = 0;
  while (taken.contains(slot)) slot++;
  return slot;
}

void Master::Rules::on(Session& s, uint64_t request, ProcessEnd& call) {
  std::vector<PeerId> ended;
  for (const auto& [peer, session] : sessions) {
    bool is_its = session.hello.process == call.process && session.hello.host == call.host;
    if (is_its && call.process != 0 && peer != s.peer) ended.push_back(peer);
  }
  for (PeerId peer : ended) end_session(peer, Ending::kGone, call.how.substr(0, kMaxHow));
  answer(s.peer, request, Done{});
}

void Master::Rules::end_session(PeerId peer, Ending ending, const std::string& how) {
  auto it = sessions.find(peer);
  if (it == sessions.end()) return;
  Session session = std::move(it->second);
  sessions.erase(it);
  readers.erase(peer);
  std::erase_if(waiters, [&](const Waiter& w) { return w.peer == peer; });
  close_submissions(session);
  auto consumer = live.find(session.consumer);
  if (consumer == live.end()) return;
  bool is_blamed = ending == Ending::kGone && options.expire_sessions;
  give_back_claims(session, consumer->second, is_blamed ? how : "");
  consumer->second.instances.erase(peer);
  if (!consumer->second.instances.empty()) return;
  bool has_work = !consumer->second.queue.is_settled() || has_bulk_to_come(consumer->second);
  bool is_awaited = ending == Ending::kGone && options.expire_sessions && has_work;
  if (is_awaited) awaited[session.consumer] = now.steady + options.return_time;
  auto stored = store_watermarks(true);
  if (stored && !is_awaited) stored = store_liveness(consumer->second, false);
  if (!stored && !broken) broken = stored.error();
  Consumer& record = consumer->second.queue.consumer;
  known[key_of(record)] = record;
  live.erase(consumer);
}

Result<void> Master::Rules::store_liveness(Live& consumer, bool is_live) {
  Consumer& record = consumer.queue.consumer;
  if (record.is_live == is_live) return {};
  record.is_live = is_live;
  Step step(storage, next_seq);
  step.set(record);
  return apply(step);
}

// After a start. In one process nobody can come back.
Result<void> Master::Rules::await_return() {
  auto open = storage.open_submissions();
  if (!open) return open.error();
  orphans = {open->begin(), open->end()};
  if (!options.expire_sessions) return close_orphans();
  for (const auto& [key, consumer] : known) {
    if (consumer.is_live) awaited[consumer.id] = now.steady + options.return_time;
  }
  await_until = now.steady + options.return_time;
  return {};
}

Result<void> Master::Rules::give_up_waiting() {
  std::erase_if(awaited, [&](auto& entry) { return now.steady >= entry.second; });
  if (orphans.empty() || now.steady < await_until) return {};
  return close_orphans();
}

Result<void> Master::Rules::close_orphans() {
  Step step(storage, next_seq);
  for (SubmissionId id : orphans) {
    auto submission = step.submission(id);
    if (!submission) return submission.error();
    (*submission)->open = false;
    (*submission)->cut = true;
  }
  orphans.clear();
  return apply(step);
}

void Master::Rules::close_submissions(Session& session) {
  for (SubmissionId id : std::set<SubmissionId>(session.submissions)) {
    auto closed = close(session, id, true);
    if (!closed && !broken) broken = closed.error();
  }
}

}  // namespace rebus
