#include "tools/closing.h"

#include <algorithm>

#include "agents/support/result_reading.h"
#include "bus/submission_review.h"
#include "descriptor/escape.h"
#include "tools/log.h"

namespace rebus {
namespace {

constexpr uint64_t kMostLines = 10;
constexpr uint64_t kMostReason = 500;  // bytes of a reason shown

// "/binary" as people write it: "/binary/".
std::string directory_like(const std::string& prefix) {
  return prefix.ends_with('/') ? prefix : prefix + "/";
}

std::string list_of(const std::vector<std::string>& prefixes) {
  std::string list;
  for (const auto& prefix : prefixes) list += (list.empty() ? "" : ", ") + directory_like(prefix);
  return list;
}

bool has_option(const AgentSpec& spec, const std::string& name) {
  return std::any_of(spec.options.begin(), spec.options.end(),
                     [&](const OptionSpec& option) { return option.name.ends_with(name); });
}

uint64_t taken_by(const Status& status, const Hello& hello) {
  for (const ConsumerStatus& known : status.consumers) {
    if (known.consumer.agent != hello.agent || known.consumer.config != hello.config) continue;
    return known.consumer.count(Outcome::kDone) + known.consumer.failures();
  }
  return 0;
}

}  // namespace

Result<bool> Closing::tell_submission(SubmissionId id, bool is_settled) {
  auto status = bus_.submission(id);
  if (!status) return status.error();
  if (status->submission.cancelled) return false;
  if (!status->complete && !is_settled) return true;
  const Submission& submission = status->submission;
  submissions_++;
  files_ += submission.roots + submission.files;
  bool has_known = status->known_failures + status->known_limits > 0;
  if (submission.failures + submission.limits == 0 && !has_known) return true;
  return tell_review(id, has_known ? nullptr : &submission);
}

// `counts`: how much there is, if it is known; else all is looked through.
Result<bool> Closing::tell_review(SubmissionId id, const Submission* counts) {
  uint64_t failures = 0, limits = 0;
  auto goes_on = [&] {
    bool has_failures = counts != nullptr && failures >= std::min(kMostLines, counts->failures);
    bool has_limits = counts != nullptr && limits >= std::min(kMostLines, counts->limits);
    return !has_failures || !has_limits;
  };
  SubmissionReview review(
      bus_,
      [&](const Record& record, const NamedMark& mark) {
        if (failures++ < kMostLines) tell_failure(record, mark);
        return goes_on();
      },
      [&](const Record& record) {
        if (limits++ < kMostLines) tell_limit(record);
        return goes_on();
      });
  auto done = review.run(id);
  if (!done) return done.error();
  if (counts != nullptr) failures = counts->failures, limits = counts->limits;
  if (failures > kMostLines) out_.note("and " + counted(failures - kMostLines, "more failure"));
  if (limits > kMostLines) out_.note("and " + counted(limits - kMostLines, "more limit"));
  return failures + limits == 0;
}

void Closing::tell_limit(const Record& record) {
  const Descriptor& limit = record.descriptor;
  out_.note(escape(limit.label) + ": not examined whole (" + limit.selector.path() +
            "): " + escape(reason_words(limit).substr(0, kMostReason)));
}

void Closing::tell_failure(const Record& record, const NamedMark& mark) {
  const Descriptor& failed = record.descriptor;
  out_.note(escape(failed.label) + ": " + escape(mark.agent) + " " + outcome_name(mark.outcome) + " on " +
            failed.selector.path() + ": " + one_line(mark.message));
}

Result<void> Closing::tell_untaken(const std::vector<ConsumerCall>& consumers) {
  auto status = bus_.status();
  if (!status) return status.error();
  uint64_t all = submissions_ > 0 ? files_ : status->descriptors;
  std::vector<const ConsumerCall*> idle;
  for (const ConsumerCall& call : consumers) {
    if (all > 0 && taken_by(*status, call.hello) == 0) idle.push_back(&call);
  }
  if (idle.size() == 1) tell_untaken_by(*idle.front(), all);
  if (idle.size() < 2) return {};
  std::string names;  // many were named for whatever there may be
  for (const ConsumerCall* call : idle) names += (names.empty() ? "" : ", ") + call->spec->name;
  out_.note("took 0 of " + std::to_string(all) + ": " + names +
            " (`rebus_agent AGENT --help` says what each takes)");
  return {};
}

void Closing::tell_untaken_by(const ConsumerCall& call, uint64_t all) {
  std::string line =
      call.spec->name + " took 0 of " + std::to_string(all) + ": it takes " + list_of(call.hello.prefixes);
  if (has_option(*call.spec, "--selector-prefix")) line += "; --selector-prefix / widens";
  out_.note(line);
}

void Closing::tell_unmatched(const std::vector<Hello>& readers) {
  for (const Hello& hello : readers) {
    out_.note(hello.agent + " found nothing: no selector matches '" + escape(hello.selector_regex) + "'");
  }
}

}  // namespace rebus
