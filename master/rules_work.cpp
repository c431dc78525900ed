// Work: how tasks end, and what a step changes.
#include "descriptor/crash_point.h"
#include "master/rules.h"

namespace rebus {
namespace {

// Bytes of why something failed; the reasons of all consumers that failed on one object go into one message.
constexpr size_t kMaxReason = 2048;

}  // namespace

void Master::Rules::finish(Session& session, Finish& call) {
  crash_point("finish-decoded");
  auto consumer = live.find(session.consumer);
  if (consumer == live.end()) {  // a reader: only the credit
    if (session.tasks > 0) session.tasks--;
    return;
  }
  if (call.outcome == Outcome::kQuarantined) call.outcome = Outcome::kFailed;  // not the agent's to say
  if (session.started == call.seq) session.started = 0;
  if (call.message.size() > kMaxReason) call.message.resize(kMaxReason);
  const auto& bulk = consumer->second.bulk;
  if (bulk && bulk->peer == session.peer && bulk->first() == call.seq) {
    auto finished = finish_bulk(session, consumer->second, call);
    if (!finished && !broken) broken = finished.error();
    return;
  }
  auto item = consumer->second.queue.release(call.seq, session.peer);
  if (item) session.let_go(item->seq, now.steady);
  if (item && item->is_withdrawn) {
    auto ended = end_withdrawn(session, consumer->second, *item);
    if (!ended && !broken) broken = ended.error();
  } else if (item) {
    auto finished = finish_claim(session, consumer->second, *item, call);
    if (!finished && !broken) broken = finished.error();
  }
  if (!item && call.next != 0) begin(session, call.next);
}

Result<void> Master::Rules::finish_claim(Session& session, Live& consumer, const ConsumerQueue::Item& item,
                                         Finish& call) {
  auto is_put_off = put_off(session, consumer, item, call);
  if (!is_put_off || *is_put_off) return is_put_off ? Result<void>() : is_put_off.error();
  Attempt attempt = consumer.queue.attempt(item.seq);
  bool is_offered_in_vain =
      call.outcome == Outcome::kProcessable && !offers(consumer.queue.consumer, attempt);
  auto room = call.children.empty() ? Result<void>() : storage.has_room();
  if (!room && !options.expire_sessions) return room;  // in one process nobody goes on
  if (is_offered_in_vain || !room) {
    // Somebody asked for it, or the mode was changed, in the meantime; or there is no room for the results.
    if (room) consumer.queue.put_back(item);
    if (!room) consumer.queue.delay(item, now.steady + kWaitForRoom);
    Step begun(storage, next_seq);
    begin_next(begun, session, consumer, call.next);
    return apply(begun);
  }
  Step children(storage, next_seq);
  auto staged = stage_or_fail(children, session, call);
  if (!staged) return staged;
  Step failure(storage, next_seq);
  Step& step = call.outcome == Outcome::kDone ? children : failure;
  auto ended = end_task(step, consumer, item, {call.outcome, call.message});
  if (!ended) return ended;
  begin_next(step, session, consumer, call.next);
  keep_state(step, consumer, call);
  auto applied = apply(step);
  crash_point("finish-applied");
  return applied;
}

void Master::Rules::keep_state(Step& step, const Live& consumer, const Finish& call) {
  if (call.state) step.set(consumer.queue.consumer.id, *call.state);
}

Result<State> Master::Rules::state(const Session& session) {
  if (session.consumer == 0) return Error{Code::kInvalid, "only consumers keep a state"};
  auto stored = storage.state(session.consumer);
  return stored ? Result<State>(State{*std::move(stored)}) : stored.error();
}

void Master::Rules::forget_attempt(Step& step, Live& consumer, Seq seq) {
  if (consumer.queue.attempt(seq).empty()) return;
  Attempt none{.seq = seq, .consumer = consumer.queue.consumer.id, .reason = {}};
  step.set(none);
  consumer.queue.set(none);
}

// The mark, and what counts it.
Result<void> Master::Rules::end_task(Step& step, Live& consumer, const ConsumerQueue::Item& item,
                                     const Ended& ended) {
  Consumer& record = consumer.queue.consumer;
  const Mark mark{item.seq, record.id, ended.outcome, ended.message};
  record.count(mark.outcome)++;
  record.passed[static_cast<size_t>(item.lane)]++;
  step.set(record);
  step.add(mark);
  forget_attempt(step, consumer, mark.seq);
  consumer.finishes++;
  bool is_collected = mark.outcome == Outcome::kProcessable;
  if (!is_failure(mark.outcome) && !is_collected) return {};
  auto stored = storage.get(mark.seq);
  if (!stored) return stored.error();
  if (is_collected) {
    step.add(Collected{record.id, stored->submission, mark.seq});
    if (record.mode == Mode::kComplete) consumer.gathered.insert(stored->submission);
    return {};
  }
  auto submission = step.submission(stored->submission);
  if (!submission) return submission.error();
  (*submission)->failures++;
  return {};
}

// Children that are refused make a failure of the task; then nothing of the step may be used.
Result<void> Master::Rules::stage_or_fail(Step& step, Session& session, Finish& call) {
  if (call.outcome != Outcome::kDone) return {};
  auto staged = stage_children(step, session, call);
  if (staged || staged.error().code == Code::kStorage) return staged;
  call.outcome = Outcome::kFailed;
  call.message = staged.error().message;
  return {};
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
  auto due = offer_again(step);
  if (!due) return due.error();
  auto applied = step.apply();
  if (!applied) {
    if (!broken) broken = applied.error();
    return applied;
  }
  for (const Due& one : *due) hand_out_again(one);
  for (SubmissionId id : step.revived()) {
    for (auto& [number, consumer] : live) consumer.queue.revive(step.submissions().at(id));
  }
  for (const Record& record : step.descriptors()) announce(record, step.submissions().at(record.submission));
  return {};
}

void Master::Rules::announce(const Record& record, const Submission& submission) {
  LogEntry entry = entry_of(record);
  for (auto& [id, consumer] : live) consumer.queue.appended(entry, submission);
}

}  // namespace rebus
