// report: what all agents found out about a submission, as one page and one JSON.
#include "agents/support/option_values.h"
#include "agents/support/own_versions.h"
#include "agents/support/report_collector.h"
#include "agents/support/report_json.h"
#include "agents/support/report_page.h"

namespace rebus {
namespace {

constexpr const char* kAgent = "report";
constexpr const char* kJsonPath = "/report/json";
constexpr const char* kHtmlPath = "/report/html";
constexpr uint64_t kFiles = 20'000, kMaxFiles = 1'000'000;

Result<uint64_t> most_files(const Options& options) {
  auto limit = count_option(options, "limit", kFiles);
  if (!limit) return limit.error();
  if (*limit < 1 || *limit > kMaxFiles)
    return Error{Code::kInvalid, "--limit is a number from 1 to " + std::to_string(kMaxFiles)};
  return *limit;
}

class ReportAgent final : public Agent {
 public:
  explicit ReportAgent(const Options& options) : most_files_(most_files(options)) {}

  Result<void> bulk_process(BulkWork& work) override {
    if (!most_files_) return most_files_.error();
    ReportCollector collector(work.bus(), kAgent, *most_files_);
    auto report = collector.collect(work.submission(), [&] { return work.progress(); });
    if (!report) return report.error();
    judge(*report);
    auto pushed = push(work, report->note, kJsonPath, report_json(*report), Kind::kStructured);
    return pushed ? push(work, report->note, kHtmlPath, report_page(*report), Kind::kText) : pushed;
  }

 private:
  static Result<void> push(BulkWork& work, const Record& note, const char* path, std::string text,
                           Kind kind) {
    auto versions = OwnVersions::below(work.bus(), note, kAgent, path);
    if (!versions) return versions.error();
    auto item = versions->next(note.descriptor, Value::of(std::move(text)), kind);
    if (!item) return {};
    item->descriptor.label = note.descriptor.label;
    return work.push(*std::move(item));
  }

  Result<uint64_t> most_files_;
};

constexpr const char* kHelp =
    R"(When a submission (one call of inject) is complete, and again when something is added to it, puts together what all
agents found out, and gives, as results of the submission,

  /report/json   for programs: docs/report.md has its schema
  /report/html   for people: one page that needs nothing else, loads nothing and has no scripts

First they say what was not looked at, and why: limits, failures, encrypted files, agents that ended. Then what was found, then
every file with its names, type, hashes, results, and what was in it, and who worked on it for how long. Each file, and the
whole, has one of four verdicts:

  found          an agent that looks for bad things found one
  incomplete     none was found, but not all was looked at
  not examined   no agent that looks for bad things looked at it
  clean          looked at whole by at least one, and nothing was found

Agents that look for bad things are those whose results have a "verdict" (antivirus, yara, and any that does the same:
docs/report.md). What changed since the last report makes a new version; the newest one counts.

At most 20,000 files are in a report (--limit); if there are more, it is incomplete. The page shows the first 2,000.

Examples:
  rebus_agent hasher unarchive file_id report inject apt1.tgz -- return --raw /report/html > apt1.html
  rebus_agent unarchive antivirus report inject mail.eml -- return --raw /report/json)";

}  // namespace

extern const AgentSpec report_agent;
const AgentSpec report_agent = {
    .name = kAgent,
    .summary = "put together what was found out about a submission, as a page and as JSON",
    .help = kHelp,
    .role = Role::kConsumer,
    .prefixes = {"/"},
    .yields = {"/report"},
    .modes = {Mode::kComplete},
    .options = {{.name = "--limit",
                 .metavar = "N",
                 .help = "so many files at most",
                 .fallback = std::to_string(kFiles)}},
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> {
      return std::make_unique<ReportAgent>(setting.options);
    },
    .declare = [](const Options& options, Hello&) -> Result<void> {
      auto limit = most_files(options);
      return limit ? Result<void>() : limit.error();
    },
};

}  // namespace rebus
