// Injection: submissions, pushes and the values that come ahead of them.
#include <algorithm>

#include "master/rules.h"

namespace rebus {
namespace {

constexpr size_t kMaxUploads = 1100;  // of one session: a thousand children at Finish, and some

}  // namespace

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

}  // namespace rebus
