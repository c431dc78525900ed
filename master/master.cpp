#include "master/master.h"

#include <sys/random.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <unordered_map>

#include "descriptor/escape.h"
#include "master/admission.h"
#include "master/catalog.h"
#include "master/consumer_queue.h"
#include "master/plant.h"
#include "master/session.h"

namespace rebus {
namespace {

constexpr uint32_t kMaxCredit = 1024;
constexpr size_t kMaxUploads = 1100;           // of one session: a thousand children at Finish, and some
constexpr uint32_t kWatermarkEvery = 64;       // finishes between two stored watermarks
constexpr size_t kReaderScan = 4096;           // log entries looked at per reader and settle()
constexpr size_t kReaderPage = 64;

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

struct Master::Rules {
  Rules(Storage& s, MasterOptions o) : storage(s), options(std::move(o)), admission(options.limits), catalog(s) {}

  // A consumer with at least one live instance.
  struct Live {
    ConsumerQueue queue;
    std::set<PeerId> instances;
    uint64_t offered = 0;
    uint32_t finishes = 0;  // since the watermark was stored
  };
  struct Waiter {
    PeerId peer = 0;
    uint64_t request = 0;
    SubmissionId submission = 0;  // 0: waits for idleness
  };

  Storage& storage;
  MasterOptions options;
  Admission admission;
  Catalog catalog;
  Seq next_seq = 1;
  SubmissionId next_submission = 1;
  std::map<std::pair<std::string, std::string>, Consumer> known;  // by agent and config; stored ones
  std::map<ConsumerId, Live> live;
  std::unordered_map<PeerId, Session> sessions;
  std::set<PeerId> readers;
  std::vector<Waiter> waiters;
  Outbox outbox;
  Moment now;
  std::optional<Error> broken;  // the storage failed: nothing more is acknowledged
  bool more = false;

  // --- sessions ---
  void on(Session* s, PeerId peer, uint64_t request, Hello& hello);
  Result<void> join(Session& session);
  Result<void> join_consumer(Session& session);
  void end_session(PeerId peer);
  void close_submissions(Session& session);

  // --- calls of a session; each answers ---
  void on(Session& s, uint64_t request, Heartbeat&) { answer(s.peer, request, Alive{}); }
  void on(Session& s, uint64_t, Goodbye&) { end_session(s.peer); }
  void on(Session& s, uint64_t request, OpenSubmission& call) { reply(s, request, open(s, call)); }
  void on(Session& s, uint64_t request, CloseSubmission& call) { reply(s, request, close(s, call)); }
  void on(Session& s, uint64_t request, Push& call) { reply(s, request, push(s, call)); }
  void on(Session& s, uint64_t request, ValueAppend& call) { reply(s, request, append(s, call)); }
  void on(Session& s, uint64_t, Finish& call) { finish(s, call); }
  void on(Session& s, uint64_t request, Read& call) { reply(s, request, catalog.read(call)); }
  void on(Session& s, uint64_t request, Find& call) { reply(s, request, catalog.find(call)); }
  void on(Session& s, uint64_t request, ListOrigins& call) { reply(s, request, catalog.origins(call)); }
  void on(Session& s, uint64_t request, ListMarks& call) { reply(s, request, marks(call)); }
  void on(Session& s, uint64_t request, ListUuids& call) { reply(s, request, catalog.uuids(call)); }
  void on(Session& s, uint64_t request, GetStatus&) { reply(s, request, status()); }
  void on(Session& s, uint64_t request, GetSubmission& call);
  void on(Session& s, uint64_t request, WaitIdle&) { waiters.push_back({s.peer, request, 0}); }
  template <class Other>
  void on(Session& s, uint64_t request, Other&) {
    reply(s, request, Result<Done>(Error{Code::kProtocol, "only the master sends this message"}));
  }

  Result<Opened> open(Session& session, OpenSubmission& call);
  Result<Done> close(Session& session, const CloseSubmission& call);
  Result<Pushed> push(Session& session, Push& call);
  Result<Done> append(Session& session, ValueAppend& call);
  Result<void> take_upload(Session& session, NewDescriptor& item);
  void finish(Session& session, Finish& call);
  Result<void> finish_claim(Session& session, Live& consumer, Finish& call);
  Result<void> stage_children(Step& step, Session& session, Finish& call);
  Result<Marks> marks(const ListMarks& call);
  Result<Status> status();
  Result<SubmissionStatus> submission_status(SubmissionId id);

  // --- after a step ---
  Result<void> apply(Step& step);
  void announce(const Record& record);

  // --- settling ---
  Result<void> store_watermarks(bool all);
  void hand_out();
  void hand_out(Live& consumer);
  bool hand_out_one(Live& consumer);
  void task_damaged(Live& consumer, PeerId peer, Seq seq, const Error& error);
  void feed(Session& reader);
  Result<bool> feed_entry(Session& reader, const LogEntry& entry);
  bool is_idle() const;
  bool is_complete(const std::set<SubmissionId>& closure);
  Result<std::set<SubmissionId>> closure_of(SubmissionId id);
  void answer_waiters();
  bool answer_waiter(const Waiter& waiter);

  void answer(PeerId peer, uint64_t request, Body body) {
    outbox.push_back({peer, {request, std::move(body)}});
  }
  template <class T>
  void reply(Session& session, uint64_t request, Result<T> result) {
    if (result) return answer(session.peer, request, *std::move(result));
    answer(session.peer, request, Failure{result.error().code, result.error().message});
  }
};

// --- the shell ---

Master::Master(Storage& storage, MasterOptions options)
    : rules_(std::make_unique<Rules>(storage, std::move(options))) {}
Master::~Master() = default;

Result<std::unique_ptr<Master>> Master::start(Storage& storage, MasterOptions options, Moment now) {
  std::unique_ptr<Master> master(new Master(storage, std::move(options)));
  Rules& rules = *master->rules_;
  rules.now = now;
  rules.next_seq = storage.statistics().head + 1;
  rules.next_submission = storage.last_submission() + 1;
  auto consumers = storage.consumers();
  if (!consumers) return consumers.error();
  for (Consumer& consumer : *consumers) {
    std::pair key(consumer.agent, consumer.config);
    rules.known.emplace(std::move(key), std::move(consumer));
  }
  // Whoever was injecting went with the old master; if it lives, its next push opens the submission again.
  auto open = storage.open_submissions();
  if (!open) return open.error();
  Step step(storage, rules.next_seq);
  for (SubmissionId id : *open) {
    auto submission = step.submission(id);
    if (!submission) return submission.error();
    (*submission)->open = false;
  }
  auto applied = step.apply();
  if (!applied) return applied.error();
  return master;
}

void Master::handle(PeerId peer, Message message, const Moment& now) {
  Rules& rules = *rules_;
  rules.now = now;
  if (rules.broken) return;
  auto it = rules.sessions.find(peer);
  Session* session = it == rules.sessions.end() ? nullptr : &it->second;
  if (auto* hello = std::get_if<Hello>(&message.body)) return rules.on(session, peer, message.request, *hello);
  if (session == nullptr) return rules.answer(peer, message.request, Lost{});
  session->last_heard = now.steady;
  std::visit(
      [&](auto& call) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(call)>, Hello>) {
          rules.on(*session, message.request, call);
        }
      },
      message.body);
}

void Master::peer_gone(PeerId peer) { rules_->end_session(peer); }

void Master::tick(const Moment& now) {
  rules_->now = now;
  if (!rules_->options.expire_sessions) return;
  std::vector<PeerId> silent;
  for (const auto& [peer, session] : rules_->sessions) {
    if (now.steady - session.last_heard > rules_->options.session_life) silent.push_back(peer);
  }
  for (PeerId peer : silent) rules_->end_session(peer);
}

Result<Outbox> Master::settle() {
  Rules& rules = *rules_;
  if (rules.broken) return *rules.broken;
  rules.more = false;
  auto stored = rules.store_watermarks(false);
  if (stored && !is_planted(Plant::kAckBeforeSync)) stored = rules.storage.commit();
  if (!stored) {
    rules.broken = stored.error();
    return stored.error();
  }
  rules.hand_out();
  for (PeerId peer : rules.readers) rules.feed(rules.sessions.at(peer));
  rules.answer_waiters();
  if (rules.broken) return *rules.broken;
  return std::exchange(rules.outbox, {});
}

bool Master::more() const { return rules_->more; }
bool Master::is_idle() const { return rules_->is_idle(); }

// --- sessions ---

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
                                      ", the peer " + std::to_string(hello.protocol) + ": update the older one"};
  }
  if (!is_agent_name(hello.agent)) return Error{Code::kInvalid, "not an agent name: '" + escape(hello.agent) + "'"};
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

// --- injection ---

Result<Opened> Master::Rules::open(Session& session, OpenSubmission& call) {
  Descriptor& note = call.note;
  if (note.selector.path() != kSubmissionPath) {
    return Error{Code::kInvalid, "an injection is opened with a /submission descriptor"};
  }
  auto seq = storage.lookup(note.domain, note.selector);
  if (!seq) return seq.error();
  session.is_producing = true;
  if (*seq != 0) {
    auto record = storage.get(*seq);
    if (!record) return record.error();
    session.submissions.insert(record->submission);
    return Opened{record->submission};
  }
  Submission submission;
  submission.id = next_submission;
  submission.lane = call.lane;
  submission.domain = note.domain;
  submission.open = true;
  Step step(storage, next_seq);
  step.add(submission);
  NewDescriptor item;
  item.descriptor = std::move(note);
  auto pushed = admission.add(step, std::move(item), {session.hello, submission.id, now.utc_ns});
  if (!pushed) return pushed.error();
  auto stored = step.submission(submission.id);
  (*stored)->note = pushed->seq;
  auto applied = apply(step);
  if (!applied) return applied.error();
  next_submission++;
  session.submissions.insert(submission.id);
  return Opened{submission.id};
}

Result<Done> Master::Rules::close(Session& session, const CloseSubmission& call) {
  Step step(storage, next_seq);
  auto submission = step.submission(call.submission);
  if (!submission) return submission.error();
  (*submission)->open = false;
  auto applied = apply(step);
  if (!applied) return applied.error();
  session.submissions.erase(call.submission);
  session.is_producing = !session.submissions.empty();
  return Done{};
}

Result<Pushed> Master::Rules::push(Session& session, Push& call) {
  auto uploaded = take_upload(session, call.item);
  if (!uploaded) return uploaded.error();
  Step step(storage, next_seq);
  if (call.submission != 0) {
    auto submission = step.submission(call.submission);
    if (!submission) return submission.error();
    (*submission)->open = true;  // also after a restart of the master
    session.submissions.insert(call.submission);
    session.is_producing = true;
  }
  auto pushed = admission.add(step, std::move(call.item), {session.hello, call.submission, now.utc_ns});
  bool visible = pushed || pushed.error().code == Code::kLoop || pushed.error().code == Code::kLimit;
  if (!visible) return pushed.error();
  auto applied = apply(step);
  if (!applied) return applied.error();
  return pushed;
}

// --- values ---

Result<Done> Master::Rules::append(Session& session, ValueAppend& call) {
  if (call.offset == 0) {
    if (session.uploads.size() >= kMaxUploads) session.uploads.erase(session.uploads.begin());
    session.uploads[call.upload] = Upload{storage.values().create(), 0};
  }
  auto it = session.uploads.find(call.upload);
  if (it == session.uploads.end() || call.offset > it->second.size) {
    return Error{Code::kUnavailable, "an earlier part of this upload is missing: begin again"};
  }
  Upload& upload = it->second;
  if (call.offset < upload.size) return Done{};  // a repeat
  auto appended = upload.writer->append(as_bytes(call.bytes));
  if (!appended) return appended.error();
  upload.size += call.bytes.size();
  return Done{};
}

Result<void> Master::Rules::take_upload(Session& session, NewDescriptor& item) {
  if (item.upload == 0) return {};
  auto it = session.uploads.find(item.upload);
  const Value& claimed = item.descriptor.value;
  if (it == session.uploads.end() || it->second.size != claimed.size()) {
    return Error{Code::kUnavailable, "the value of this push is not uploaded: begin again"};
  }
  auto value = it->second.writer->seal();
  session.uploads.erase(it);
  if (!value) return value.error();
  item.descriptor.value = *std::move(value);  // the identity check catches a false digest
  return {};
}

// --- work ---

void Master::Rules::finish(Session& session, Finish& call) {
  if (session.tasks > 0) session.tasks--;
  auto consumer = live.find(session.consumer);
  if (consumer == live.end()) return;
  if (!consumer->second.queue.release(call.seq, session.peer)) return;  // no longer its own: not applied
  auto finished = finish_claim(session, consumer->second, call);
  if (!finished && !broken) broken = finished.error();
}

Result<void> Master::Rules::finish_claim(Session& session, Live& consumer, Finish& call) {
  Step children(storage, next_seq);
  if (call.outcome == Outcome::kDone) {
    auto staged = stage_children(children, session, call);
    if (!staged && staged.error().code == Code::kStorage) return staged;
    if (!staged) {
      call.outcome = Outcome::kFailed;
      call.message = staged.error().message;
    }
  }
  Step failure(storage, next_seq);
  Step& step = call.outcome == Outcome::kDone ? children : failure;
  Consumer& record = consumer.queue.consumer;
  record.outcomes[static_cast<size_t>(call.outcome)]++;
  step.set(record);
  step.add(Mark{call.seq, record.id, call.outcome, call.message});
  if (call.outcome == Outcome::kFailed) {
    auto stored = storage.get(call.seq);
    if (!stored) return stored.error();
    auto submission = step.submission(stored->submission);
    if (!submission) return submission.error();
    (*submission)->failures++;
  }
  consumer.finishes++;
  return apply(step);
}

Result<void> Master::Rules::stage_children(Step& step, Session& session, Finish& call) {
  for (NewDescriptor& child : call.children) {
    auto uploaded = take_upload(session, child);
    if (!uploaded) return uploaded;
    auto pushed = admission.add(step, std::move(child), {session.hello, 0, now.utc_ns});
    bool visible = pushed || pushed.error().code == Code::kLoop || pushed.error().code == Code::kLimit;
    if (!visible) return pushed.error();
  }
  return {};
}

Result<void> Master::Rules::apply(Step& step) {
  auto applied = step.apply();
  if (!applied) {
    if (!broken) broken = applied.error();
    return applied;
  }
  for (const Record& record : step.descriptors()) announce(record);
  return {};
}

void Master::Rules::announce(const Record& record) {
  const Descriptor& d = record.descriptor;
  LogEntry entry{record.seq, false, d.domain, d.selector.path(), d.is_object()};
  for (auto& [id, consumer] : live) consumer.queue.appended(entry, record.submission, record.lane);
}

// --- settling ---

Result<void> Master::Rules::store_watermarks(bool all) {
  Step step(storage, next_seq);
  for (auto& [id, consumer] : live) {
    bool due = consumer.finishes >= kWatermarkEvery || (consumer.finishes > 0 && consumer.queue.is_settled());
    if (!due && !all) continue;
    consumer.finishes = 0;
    Consumer& record = consumer.queue.consumer;
    auto before = record.watermark;
    for (size_t lane = 0; lane < kLanes; lane++) {
      record.watermark[lane] = consumer.queue.watermark(static_cast<Lane>(lane), storage.statistics().head);
    }
    if (record.watermark != before) step.set(record);
  }
  return step.apply();
}

void Master::Rules::hand_out() {
  for (auto& [id, consumer] : live) hand_out(consumer);
}

void Master::Rules::hand_out(Live& consumer) {
  while (hand_out_one(consumer)) {
  }
}

bool Master::Rules::hand_out_one(Live& consumer) {
  Session* best = nullptr;
  for (PeerId peer : consumer.instances) {
    Session& session = sessions.at(peer);
    if (best == nullptr || session.free_credit() > best->free_credit()) best = &session;
  }
  if (best == nullptr || best->free_credit() == 0) return false;
  auto item = consumer.queue.claim_next(best->peer);
  if (!item) {
    broken = item.error();
    return false;
  }
  if (!*item) return false;
  auto record = storage.get((*item)->seq);
  if (!record) {
    task_damaged(consumer, best->peer, (*item)->seq, record.error());
    return true;
  }
  best->tasks++;
  consumer.offered++;
  answer(best->peer, 0, Task{Catalog::outward(*std::move(record)), std::nullopt});
  return true;
}

// What cannot be read fails visibly; the others go on.
void Master::Rules::task_damaged(Live& consumer, PeerId peer, Seq seq, const Error& error) {
  consumer.queue.release(seq, peer);
  Step step(storage, next_seq);
  consumer.queue.consumer.outcomes[static_cast<size_t>(Outcome::kFailed)]++;
  step.set(consumer.queue.consumer);
  step.add(Mark{seq, consumer.queue.consumer.id, Outcome::kFailed, error.message});
  auto applied = step.apply();
  if (!applied && !broken) broken = applied.error();
  consumer.finishes++;
}

void Master::Rules::feed(Session& reader) {
  size_t looked_at = 0;
  while (reader.free_credit() > 0 && reader.next < next_seq) {
    if (looked_at >= kReaderScan) {
      more = true;
      return;
    }
    auto entries = storage.log(reader.next, kReaderPage);
    if (!entries) {
      broken = entries.error();
      return;
    }
    if (entries->empty()) reader.next = next_seq;
    for (const LogEntry& entry : *entries) {
      if (reader.free_credit() == 0) return;
      auto fed = feed_entry(reader, entry);
      if (!fed) {
        broken = fed.error();
        return;
      }
      reader.next = entry.seq + 1;
      looked_at++;
    }
  }
}

Result<bool> Master::Rules::feed_entry(Session& reader, const LogEntry& entry) {
  Task task;
  Seq seq = entry.seq;
  if (entry.is_origin) {
    if (!reader.filter.in_domain(entry.domain)) return false;
    auto origin = storage.origin_at(entry.seq);
    if (!origin) return origin.error();
    if (!*origin) return false;
    seq = (*origin)->object;
    task.origin = **origin;
  } else if (!reader.filter.matches(entry)) {
    return false;
  }
  auto record = storage.get(seq);
  if (!record) return record.error();
  if (!entry.is_origin && !reader.filter.matches_selector(record->descriptor.selector)) return false;
  task.record = Catalog::outward(*std::move(record));
  reader.tasks++;
  answer(reader.peer, 0, std::move(task));
  return true;
}

bool Master::Rules::is_idle() const {
  bool producing = std::any_of(sessions.begin(), sessions.end(), [](auto& s) { return s.second.is_producing; });
  return !producing &&
         std::all_of(live.begin(), live.end(), [](auto& entry) { return entry.second.queue.is_settled(); });
}

Result<std::set<SubmissionId>> Master::Rules::closure_of(SubmissionId id) {
  std::set<SubmissionId> closure{id};
  std::vector<SubmissionId> todo{id};
  while (!todo.empty()) {
    auto submission = storage.submission(todo.back());
    if (!submission) return submission.error();
    todo.pop_back();
    for (SubmissionId other : submission->depends) {
      if (closure.insert(other).second) todo.push_back(other);
    }
  }
  return closure;
}

bool Master::Rules::is_complete(const std::set<SubmissionId>& closure) {
  return std::all_of(closure.begin(), closure.end(), [&](SubmissionId id) {
    auto submission = storage.submission(id);
    if (!submission || submission->open) return false;
    return std::all_of(live.begin(), live.end(), [&](auto& entry) {
      return entry.second.queue.is_settled(id, submission->lane);
    });
  });
}

void Master::Rules::answer_waiters() {
  std::erase_if(waiters, [&](const Waiter& waiter) { return answer_waiter(waiter); });
}

bool Master::Rules::answer_waiter(const Waiter& waiter) {
  if (waiter.submission != 0) {
    auto status = submission_status(waiter.submission);
    if (status && !status->complete) return false;
    reply(sessions.at(waiter.peer), waiter.request, std::move(status));
    return true;
  }
  const Session& session = sessions.at(waiter.peer);
  bool has_all = session.hello.role != Role::kReader || session.next >= next_seq;
  if (!has_all || !is_idle()) return false;
  answer(waiter.peer, waiter.request, Idle{next_seq - 1});
  return true;
}

// --- questions ---

Result<Marks> Master::Rules::marks(const ListMarks& call) {
  auto stored = storage.marks(call.seq);
  if (!stored) return stored.error();
  Marks answer;
  for (Mark& mark : *stored) {
    auto it = std::find_if(known.begin(), known.end(), [&](auto& k) { return k.second.id == mark.consumer; });
    if (it == known.end()) continue;
    answer.marks.push_back({it->second.agent, it->second.config, mark.outcome, std::move(mark.message)});
  }
  return answer;
}

Result<Status> Master::Rules::status() {
  Status status;
  status.head = next_seq - 1;
  status.descriptors = storage.statistics().descriptors;
  status.idle = is_idle();
  for (const auto& [peer, session] : sessions) status.producers += session.is_producing ? 1 : 0;
  for (const auto& [key, stored] : known) {
    ConsumerStatus entry;
    entry.consumer = stored;
    if (auto it = live.find(stored.id); it != live.end()) {
      entry.consumer = it->second.queue.consumer;
      entry.instances = static_cast<uint32_t>(it->second.instances.size());
      entry.prefixes = sessions.at(*it->second.instances.begin()).hello.prefixes;
      entry.claims = it->second.queue.claims();
      entry.offered = it->second.offered;
    }
    status.consumers.push_back(std::move(entry));
  }
  return status;
}

void Master::Rules::on(Session& s, uint64_t request, GetSubmission& call) {
  auto status = submission_status(call.submission);
  if (status && call.wait && !status->complete) {
    waiters.push_back({s.peer, request, call.submission});
    return;
  }
  reply(s, request, std::move(status));
}

Result<SubmissionStatus> Master::Rules::submission_status(SubmissionId id) {
  auto closure = closure_of(id);
  if (!closure) return closure.error();
  auto record = storage.submission(id);
  if (!record) return record.error();
  SubmissionStatus status{*std::move(record), is_complete(*closure)};
  for (SubmissionId other : *closure) {
    if (other == id) continue;
    auto part = storage.submission(other);
    if (!part) return part.error();
    status.submission.results += part->results;
    status.submission.failures += part->failures;
    status.submission.limits += part->limits;
  }
  status.submission.depends.clear();
  return status;
}

}  // namespace rebus
