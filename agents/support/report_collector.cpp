#include "agents/support/report_collector.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agents/support/linux_program.h"
#include "agents/support/named_records.h"
#include "agents/support/names.h"
#include "agents/support/result_reading.h"
#include "agents/support/submission_note.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

using Json = nlohmann::json;

constexpr size_t kNamesKept = 10;  // of one file
constexpr size_t kMaxLevels = 64;  // of containers
constexpr const char* kVerdictWords[] = {"clean", "found", "encrypted", "partial", "error"};

void add_verdict(ReportedFile& file, ReportedResult& result, const Json& json) {
  const std::string verdict = text_of(json, "verdict"), reason = text_of(json, "reason");
  bool is_known = std::ranges::count(kVerdictWords, verdict) > 0;
  if (!is_known) return;
  const std::string& by = result.record.descriptor.agent;
  auto names = names_in(json, "signatures");
  for (auto& name : names_in(json, "rules")) names.push_back(std::move(name));
  result.has_verdict = file.is_examined = true;
  result.words = verdict + (names.empty() ? "" : ": " + words_of_list(names));
  if (verdict == "found")
    file.found.push_back(by + " found " + (names.empty() ? "something" : words_of_list(names)));
  if (!reason.empty()) result.words += " (" + reason + ")";
  bool is_whole = verdict == "clean" || (verdict == "found" && reason.empty());
  auto unopened = json.find("unopened");
  bool is_unopened = verdict == "encrypted" || (unopened != json.end() && *unopened == true);
  auto& why = is_unopened ? file.unopened : file.incomplete;
  if (!is_whole) why.push_back(by + ": " + verdict + (reason.empty() ? "" : ": " + reason));
}

}  // namespace

struct ReportCollector::Place {
  size_t file = 0;
  std::string name;
  size_t level = 0;
};

Result<Report> ReportCollector::collect(SubmissionId submission, const std::function<Result<void>()>& alive) {
  alive_ = alive;
  auto bus = bus_.status();
  if (!bus) return bus.error();
  head_ = bus->head;
  auto status = bus_.submission(submission);
  if (!status) return status.error();
  auto note = bus_.get(status->submission.note);
  if (!note) return note.error();
  report_.submission = status->submission;
  report_.note = *std::move(note);
  has_failures_of_results_ = status->submission.failures + status->known_failures > 0;
  auto done = add_whole(*status);
  if (done) done = add_unread();
  if (done) done = add_roots();
  if (!done) return done.error();
  return std::move(report_);
}

Result<void> ReportCollector::add_whole(const SubmissionStatus& status) {
  auto& why = report_.incomplete;
  if (status.submission.cancelled) why.push_back("the submission was cancelled");
  if (status.submission.cut) why.push_back("whoever injected ended before all files were in");
  for (const auto& agent : status.gone) why.push_back(agent + " ended without finishing its work");
  for (const auto& agent : status.paused) why.push_back(agent + " is paused, and has work left");
  return {};
}

// Files that did not come in. They are told first: nothing else is known of them.
Result<void> ReportCollector::add_unread() {
  Find results;
  results.by = By::kChildren;
  results.seq = report_.note.seq;
  results.domain = report_.note.descriptor.domain;
  std::vector<std::string> unread;
  auto found = bus_.for_each(results, [&](Record& record) {
    if (record.descriptor.selector.path() == kUnreadPath) unread.push_back(reason_words(record.descriptor));
    return true;
  });
  report_.incomplete.insert(report_.incomplete.begin(), unread.begin(), unread.end());
  return found;
}

Result<void> ReportCollector::add_roots() {
  Find roots;
  roots.by = By::kRoots;
  roots.seq = report_.submission.id;
  roots.domain = report_.note.descriptor.domain;
  Result<void> done;
  auto found = bus_.for_each(roots, [&](Record& root) {
    auto origins = bus_.origins_of(root.seq, head_);
    if (!origins) done = origins.error();
    for (size_t i = 0; done && i < origins->size(); i++) {
      const Origin& origin = (*origins)[i];
      if (origin.container != 0 || origin.submission != report_.submission.id) continue;
      bool is_new = false;
      auto file = add(root.seq, origin.name, true, is_new);
      if (!file) done = file.error();
      if (file && is_new) done = add_tree({*file, origin.name});
    }
    return done.ok();
  });
  return found ? done : found;
}

// Not recursive: what is in it stands behind it, in the order of the container.
Result<void> ReportCollector::add_tree(Place root) {
  std::vector<Place> open{std::move(root)};
  while (!open.empty()) {
    Place place = std::move(open.back());
    open.pop_back();
    if (place.file == ReportedFile::kLeftOut) continue;
    auto contents = bus_.contents_of(report_.files[place.file].record.seq, head_);
    if (!contents) return contents.error();
    if (!contents->empty() && place.level == kMaxLevels) {
      report_.files[place.file].incomplete.push_back("containers nest deeper than this report follows");
      continue;
    }
    std::sort(contents->begin(), contents->end(), [](const Origin& a, const Origin& b) {
      return std::pair(a.ordinal, a.seq) < std::pair(b.ordinal, b.seq);
    });
    std::vector<Place> inside;
    for (const Origin& origin : *contents) {
      std::string name = composed_name(place.name, origin);
      bool is_new = false;
      auto file = add(origin.object, name, false, is_new);
      if (!file) return file.error();
      report_.files[place.file].members.push_back({origin.name, *file});
      if (is_new) inside.push_back({*file, std::move(name), place.level + 1});
    }
    open.insert(open.end(), std::make_move_iterator(inside.rbegin()), std::make_move_iterator(inside.rend()));
  }
  return {};
}

// Its place in the report.
Result<size_t> ReportCollector::add(Seq object, const std::string& name, bool is_injected, bool& is_new) {
  auto [it, fresh] = places_.try_emplace(object, report_.files.size());
  if (fresh && report_.files.size() == limit_) {
    it->second = ReportedFile::kLeftOut;
    report_.left_out++;
  }
  if (it->second == ReportedFile::kLeftOut) return it->second;
  if (fresh) {
    auto alive = alive_();
    if (!alive) return alive.error();
    ReportedFile file;
    auto filled = bus_.get(object);
    if (!filled) return filled.error();
    file.record = *std::move(filled);
    file.is_not_run = is_linux_program(file.record.descriptor.file_type);
    add_sandbox(file.record.descriptor);
    auto added = add_results(file);
    if (!added) return added.error();
    report_.files.push_back(std::move(file));
    is_new = true;
  }
  ReportedFile& file = report_.files[it->second];
  file.is_injected |= is_injected;
  if (std::ranges::count(file.names, name) > 0) return it->second;
  if (file.names.size() < kNamesKept)
    file.names.push_back(name);
  else
    file.more_names++;
  return it->second;
}

Result<void> ReportCollector::add_results(ReportedFile& file) {
  times_.clear();
  auto looked = for_each_of_object(bus_, file.record.seq, [&](Record& record) -> Result<void> {
    bool is_file = record.seq == file.record.seq;
    if (record.descriptor.agent == own_ && !is_file) return {};
    auto marked = is_file || has_failures_of_results_ ? add_marks(file, record) : Result<void>();
    if (marked && !is_file) add_result(file, record);
    return marked;
  });
  if (!looked) return looked;
  std::sort(file.agents.begin(), file.agents.end());
  file.agents.erase(std::unique(file.agents.begin(), file.agents.end()), file.agents.end());
  Told told;
  for (ReportedResult& result : file.results) add_words(file, result, told);
  for (const ReportedResult& result : file.results) add_limit(file, result.record.descriptor, told);
  return {};
}

// What a result says of itself.
void ReportCollector::add_words(ReportedFile& file, ReportedResult& result, Told& told) {
  const Descriptor& d = result.record.descriptor;
  Json json = object_in(d);
  if (!json.is_object() || covers(kLimitPath, d.selector.path())) return;
  add_verdict(file, result, json);
  if (result.has_verdict) told.emplace(d.agent, text_of(json, "reason"));
  for (const auto& reason : names_in(json, "partial")) {
    file.incomplete.push_back(d.agent + ": " + reason);
    told.emplace(d.agent, reason);
  }
}

// Not once more what the agent says with its result.
void ReportCollector::add_limit(ReportedFile& file, const Descriptor& d, const Told& told) {
  if (!covers(kLimitPath, d.selector.path())) return;
  report_.limits++;
  const std::string words = reason_words(d);
  auto [begin, end] = told.equal_range(d.agent);
  bool is_told = std::any_of(begin, end, [&](const auto& one) {
    return !one.second.empty() && words.find(one.second) != words.npos;
  });
  if (!is_told) file.incomplete.push_back(d.selector.path() + ": " + words);
}

Result<void> ReportCollector::add_marks(ReportedFile& file, const Record& record) {
  auto marks = bus_.marks(record.seq);
  if (!marks) return marks.error();
  bool is_file = record.seq == file.record.seq;
  for (const NamedMark& mark : *marks) {
    if (mark.agent == own_) continue;
    bool was_tried = mark.outcome == Outcome::kDone || is_failure(mark.outcome);
    if (is_file && was_tried && mark.agent.starts_with(kRunners)) file.is_not_run = false;
    if (mark.outcome == Outcome::kDone && is_file) file.agents.push_back(mark.agent);
    if (!is_failure(mark.outcome)) continue;
    std::string on = is_file ? "" : " on " + record.descriptor.selector.path();
    file.incomplete.push_back(mark.agent + " " + outcome_name(mark.outcome) + on + ": " +
                              unescape(mark.message));
    file.failures++;
    report_.failures++;
  }
  return {};
}

void ReportCollector::add_sandbox(const Descriptor& d) {
  if (!d.sandbox.empty()) report_.sandboxes[d.agent].insert(d.sandbox);
}

// Instead of what the same agent said before, where it says so by a version.
void ReportCollector::add_result(ReportedFile& file, Record& record) {
  Descriptor& d = record.descriptor;
  auto& work = report_.agents[d.agent];
  work.results++;
  uint64_t& time = times_[{d.agent, d.version}];
  if (d.processing_time_us > time) {  // each result has the time since the work on the file began
    work.time_us += d.processing_time_us - time;
    time = d.processing_time_us;
  }
  add_sandbox(d);
  auto older = std::find_if(file.results.begin(), file.results.end(), [&](const ReportedResult& known) {
    const Descriptor& k = known.record.descriptor;
    return d.version > k.version && k.agent == d.agent && k.selector.path() == d.selector.path();
  });
  if (older != file.results.end()) file.results.erase(older);
  file.results.push_back({std::move(record), false, {}});
}

}  // namespace rebus
