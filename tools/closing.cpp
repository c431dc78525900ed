#include "tools/closing.h"

#include <algorithm>

#include "descriptor/escape.h"
#include "tools/failure_search.h"
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
    const auto& outcomes = known.consumer.outcomes;
    return outcomes[static_cast<size_t>(Outcome::kDone)] + outcomes[static_cast<size_t>(Outcome::kFailed)];
  }
  return 0;
}

bool is_work_of(const Submission& submission, const Record& record) {
  const auto& others = submission.depends;
  return record.submission == submission.id ||
         std::find(others.begin(), others.end(), record.submission) != others.end();
}

std::string reason_in(const Value& value) {
  std::string text(std::min(value.size(), kMostReason), '\0');
  auto size = value.read_at(0, {reinterpret_cast<uint8_t*>(text.data()), text.size()});
  text.resize(size ? *size : 0);
  return escape(text);
}

}  // namespace

Result<bool> Closing::tell_submission(SubmissionId id, bool is_settled) {
  auto status = bus_.submission(id);
  if (!status) return status.error();
  if (!status->complete && !is_settled) return true;
  const Submission& submission = status->submission;
  submissions_++;
  files_ += submission.roots + submission.files;
  if (submission.limits > 0) {
    if (auto told = tell_limits(submission); !told) return told.error();
  }
  if (submission.failures > 0) {
    if (auto told = tell_failures(submission); !told) return told.error();
  }
  return submission.limits + submission.failures == 0;
}

Result<void> Closing::tell_limits(const Submission& submission) {
  Find query;
  query.by = By::kPrefix;
  query.domain = submission.domain;
  query.text = kLimitPath;
  uint64_t told = 0;
  auto done = bus_.for_each(query, [&](Record& record) {
    if (!is_work_of(submission, record)) return true;
    const Descriptor& limit = record.descriptor;
    out_.note(escape(limit.label) + ": not examined whole (" + limit.selector.path() +
              "): " + reason_in(limit.value));
    return ++told < kMostLines;
  });
  if (submission.limits > told) out_.note("and " + counted(submission.limits - told, "more limit"));
  return done;
}

Result<void> Closing::tell_failures(const Submission& submission) {
  uint64_t told = 0;
  FailureSearch search(bus_, [&](const Record& record, const NamedMark& mark) {
    const Descriptor& failed = record.descriptor;
    out_.note(escape(failed.label) + ": " + escape(mark.agent) + " failed on " + failed.selector.path() +
              ": " + one_line(mark.message));
    return ++told < std::min(kMostLines, submission.failures);
  });
  auto done = search.run(submission.id);
  if (submission.failures > told) out_.note("and " + counted(submission.failures - told, "more failure"));
  return done;
}

Result<void> Closing::tell_untaken(const std::vector<ConsumerCall>& consumers) {
  auto status = bus_.status();
  if (!status) return status.error();
  uint64_t all = submissions_ > 0 ? files_ : status->descriptors;
  for (const ConsumerCall& call : consumers) {
    if (all > 0 && taken_by(*status, call.hello) == 0) tell_untaken_by(call, all);
  }
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
