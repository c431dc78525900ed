// Sessions: who joins, who leaves, and what happens to what he held.
#include <sys/random.h>

#include <algorithm>
#include <cstdlib>

#include "descriptor/escape.h"
#include "master/rules.h"

namespace rebus {
namespace {

constexpr uint32_t kMaxCredit = 1024;

uint64_t random_token() {
  uint64_t token = 0;
  if (getrandom(&token, sizeof token, 0) != sizeof token) std::abort();
  return token == 0 ? 1 : token;
}

bool is_agent_name(std::string_view name) {
  return !name.empty() && name.size() <= 100 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

}  // namespace

void Master::Rules::on(Session* old, PeerId peer, uint64_t request, Hello& hello) {
  if (old != nullptr) end_session(peer);
  for (const auto& [other, session] : sessions) {
    if (hello.token == 0 || session.token != hello.token) continue;
    end_session(other);  // the peer came back on a new connection: what it held is due again
    break;
  }
  Session session;
  session.peer = peer;
  session.token = random_token();
  session.hello = std::move(hello);
  session.last_heard = now.steady;
  uint64_t token = session.token;
  auto joined = join(session);
  if (!joined) return answer(peer, request, Failure{joined.error().code, joined.error().message});
  answer(peer, request, Welcome{token, storage.epoch(), storage.bus_name(), next_seq - 1});
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
  hello.credit = std::clamp<uint32_t>(hello.credit, 1, kMaxCredit);
  auto filter = Filter::of(hello);
  if (!filter) return filter.error();
  session.filter = *std::move(filter);
  // One that comes back after a reconnect may have pushed all; its next call tells.
  session.is_producing = hello.role == Role::kProducer && hello.token == 0;
  session.next = std::max<Seq>(hello.from, 1);
  if (hello.role == Role::kConsumer) {
    auto joined = join_consumer(session);
    if (!joined) return joined;
  }
  if (hello.role == Role::kReader) readers.insert(session.peer);
  sessions[session.peer] = std::move(session);
  return {};
}

Result<void> Master::Rules::join_consumer(Session& session) {
  std::pair key(session.hello.agent, session.hello.config);
  auto it = known.find(key);
  if (it == known.end()) {
    Consumer consumer;
    consumer.id = static_cast<ConsumerId>(known.size() + 1);
    consumer.agent = key.first;
    consumer.config = key.second;
    Step step(storage, next_seq);
    step.set(consumer);
    auto stored = apply(step);
    if (!stored) return stored;
    it = known.emplace(key, consumer).first;
  }
  session.consumer = it->second.id;
  auto found = live.find(session.consumer);
  if (found == live.end()) {
    Live fresh{ConsumerQueue(storage, it->second, session.filter), {}};
    auto loaded = fresh.queue.load();
    if (!loaded) return loaded;
    found = live.emplace(session.consumer, std::move(fresh)).first;
  }
  found->second.instances.insert(session.peer);
  return {};
}

void Master::Rules::end_session(PeerId peer) {
  auto it = sessions.find(peer);
  if (it == sessions.end()) return;
  Session session = std::move(it->second);
  sessions.erase(it);
  readers.erase(peer);
  std::erase_if(waiters, [&](const Waiter& w) { return w.peer == peer; });
  close_submissions(session);
  auto consumer = live.find(session.consumer);
  if (consumer == live.end()) return;
  consumer->second.queue.hand_back(peer);
  consumer->second.instances.erase(peer);
  if (!consumer->second.instances.empty()) return;
  auto stored = store_watermarks(true);
  if (!stored && !broken) broken = stored.error();
  Consumer& record = consumer->second.queue.consumer;
  known[{record.agent, record.config}] = record;
  live.erase(consumer);
}

void Master::Rules::close_submissions(Session& session) {
  for (SubmissionId id : std::set<SubmissionId>(session.submissions)) {
    auto closed = close(session, CloseSubmission{id});
    if (!closed && !broken) broken = closed.error();
  }
}

}  // namespace rebus
