// Injection: submissions, pushes and the values that come ahead of them.
#include <algorithm>

#include "descriptor/crash_point.h"
#include "master/rules.h"

namespace rebus {
namespace {

// Under way at a time; each may hold a file open. A Finish has at most so many children with one.
constexpr size_t kMaxUploads = kMaxLargeChildren + 8;  // of one session: the oldest gives way
constexpr size_t kMaxAllUploads = 512;                 // of all sessions: the one with most of them gives way

Error not_open_here(const Submission& submission) {
  std::string name = "submission " + std::to_string(submission.id);
  if (submission.cancelled) return {Code::kFailed, name + " was cancelled"};
  return {Code::kInvalid, name + " is not open in this session"};
}

}  // namespace

Result<Opened> Master::Rules::open(Session& session, OpenSubmission& call) {
  Descriptor& note = call.note;
  if (note.selector.path() != kSubmissionPath) {
    return Error{Code::kInvalid, "an injection is opened with a /submission descriptor"};
  }
  if (auto room = storage.has_room(); !room) return room.error();
  auto seq = storage.lookup(note.domain, note.selector);
  if (!seq) return seq.error();
  session.is_producing = true;
  if (*seq != 0) {
    auto record = storage.get(*seq);
    if (!record) return record.error();
    auto resumed = resume(session, record->submission);
    if (!resumed) return resumed.error();
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

// An injection goes on after its producer or the master was away.
Result<void> Master::Rules::resume(Session& session, SubmissionId id) {
  Step step(storage, next_seq);
  auto submission = step.submission(id);
  if (!submission) return submission.error();
  if ((*submission)->cancelled) return {};  // what it pushes is refused
  (*submission)->open = true;
  (*submission)->cut = false;
  auto applied = apply(step);
  if (!applied) return applied;
  session.submissions.insert(id);
  session.is_producing = true;
  orphans.erase(id);
  return {};
}

Result<Done> Master::Rules::close(Session& session, SubmissionId id, bool is_cut) {
  Step step(storage, next_seq);
  auto submission = step.submission(id);
  if (!submission) return submission.error();
  if (!(*submission)->open) return Done{};
  if (!session.submissions.contains(id)) return not_open_here(**submission);
  (*submission)->open = false;
  (*submission)->cut = is_cut;
  auto applied = apply(step);
  if (!applied) return applied.error();
  session.submissions.erase(id);
  session.is_producing = !session.submissions.empty();
  return Done{};
}

Result<Pushed> Master::Rules::push(Session& session, Push& call) {
  crash_point("push-decoded");
  if (auto room = storage.has_room(); !room) return room.error();
  auto uploaded = take_upload(session, call.item);
  if (!uploaded) return uploaded.error();
  Step step(storage, next_seq);
  if (call.submission != 0 && !session.submissions.contains(call.submission)) {
    auto submission = step.submission(call.submission);
    return submission ? not_open_here(**submission) : submission.error();
  }
  auto consumer = live.find(session.consumer);
  if (consumer != live.end() && consumer->second.queue.is_withdrawn(session.started, session.peer)) {
    return Error{Code::kFailed, "the submission of this task was cancelled"};
  }
  auto pushed = admit(step, session, call);
  bool visible = pushed || pushed.error().code == Code::kLoop || pushed.error().code == Code::kLimit;
  if (!visible) return pushed.error();
  crash_point("push-validated");
  auto applied = apply(step);
  if (!applied) return applied.error();
  crash_point("push-applied");
  return pushed;
}

// Up to the first that is refused.
Result<Pushed> Master::Rules::admit(Step& step, const Session& session, Push& call) {
  const Producer producer{session.hello, call.submission, now.utc_ns};
  auto pushed = admission.add(step, std::move(call.item), producer);
  if (!pushed) return pushed;
  for (NewDescriptor& result : call.results) {
    if (result.upload != 0)
      return Error{Code::kInvalid, "a result that is pushed with its object was uploaded"};
    auto added = admission.add(step, std::move(result), producer);
    if (!added) return added;
  }
  return pushed;
}

Result<Done> Master::Rules::append(Session& session, ValueAppend& call) {
  if (call.offset == 0) {
    make_room_for_upload(session);
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
  crash_point("part-received");
  return Done{};
}

void Master::Rules::make_room_for_upload(Session& session) {
  if (session.uploads.size() >= kMaxUploads) session.uploads.erase(session.uploads.begin());
  size_t under_way = 0;
  Session* most = &session;
  for (auto& [peer, other] : sessions) {
    under_way += other.uploads.size();
    if (other.uploads.size() > most->uploads.size()) most = &other;
  }
  if (under_way >= kMaxAllUploads) most->uploads.erase(most->uploads.begin());
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

}  // namespace rebus
