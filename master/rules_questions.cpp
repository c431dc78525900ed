// Questions about progress.
#include <algorithm>

#include "master/page_budget.h"
#include "master/rules.h"

namespace rebus {

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

Result<Status> Master::Rules::status(const GetStatus& call) {
  Status status;
  status.head = next_seq - 1;
  status.descriptors = storage.statistics().descriptors;
  status.idle = is_idle();
  for (const auto& [peer, session] : sessions) status.producers += session.is_producing ? 1 : 0;
  std::map<ConsumerId, const Consumer*> by_id;
  for (const auto& [key, stored] : known) by_id[stored.id] = &stored;
  auto types = storage.types(kMaxTypes);
  if (!types) return types.error();
  PageBudget budget;
  for (auto it = by_id.upper_bound(call.after); it != by_id.end(); ++it) {
    ConsumerStatus entry = status_of(*it->second, *types);
    if (!budget.takes(entry)) {
      status.cursor = status.consumers.back().consumer.id;
      break;
    }
    status.consumers.push_back(std::move(entry));
  }
  return status;
}

ConsumerStatus Master::Rules::status_of(const Consumer& stored, const std::vector<TypeCount>& types) {
  ConsumerStatus entry;
  entry.consumer = stored;
  entry.pending = backlog_of(stored, types);
  auto it = live.find(stored.id);
  if (it == live.end()) return entry;
  entry.consumer = it->second.queue.consumer;
  entry.instances = static_cast<uint32_t>(it->second.instances.size());
  const Hello& hello = sessions.at(*it->second.instances.begin()).hello;
  entry.prefixes = hello.prefixes;
  entry.yields = hello.yields;
  entry.claims = it->second.queue.claims();
  entry.offered = it->second.offered;
  entry.delayed = it->second.queue.delayed();
  return entry;
}

void Master::Rules::on(Session& s, uint64_t request, GetSubmission& call) {
  auto status = submission_status(call.submission);
  if (status && call.wait && !status->complete) {
    return wait(s, request, call.submission);
  }
  reply(s, request, std::move(status));
}

// Agents whose last instance ended without leaving, with work left that may be of this submission.
std::vector<std::string> Master::Rules::gone_from(const Submission& submission) const {
  std::vector<std::string> names;
  for (const auto& [key, stored] : known) {
    bool has_all = stored.watermark[static_cast<size_t>(submission.lane)] >= submission.last;
    if (stored.is_live && !live.contains(stored.id) && !has_all) names.push_back(stored.agent);
  }
  return names;
}

Result<SubmissionStatus> Master::Rules::submission_status(SubmissionId id) {
  auto closure = closure_of(id);
  if (!closure) return closure.error();
  auto record = storage.submission(id);
  if (!record) return record.error();
  SubmissionStatus status;
  status.submission = *std::move(record);
  status.complete = status.submission.cancelled || is_complete(*closure);
  for (SubmissionId other : *closure) {
    if (other == id) continue;
    auto part = storage.submission(other);
    if (!part) return part.error();
    status.known_failures += part->failures;
    status.known_limits += part->limits;
  }
  status.gone = gone_from(status.submission);
  if (!status.complete) status.paused = paused_with_work(*closure);
  status.known_from = status.submission.depends.size();
  status.submission.depends.clear();
  return status;
}

}  // namespace rebus
