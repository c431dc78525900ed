#include "agents/support/report.h"

#include <algorithm>

#include "agents/support/sandbox/told_layers.h"

namespace rebus {
namespace {

// What one agent could not open another one may have: then its members were looked at, each by itself.
void settle_unopened(ReportedFile& file) {
  bool is_opened = !file.members.empty() && file.incomplete.empty();
  if (!is_opened) file.incomplete.insert(file.incomplete.end(), file.unopened.begin(), file.unopened.end());
}

Verdict own_verdict(const ReportedFile& file) {
  if (!file.found.empty()) return Verdict::kFound;
  if (!file.incomplete.empty()) return Verdict::kIncomplete;
  return file.is_examined ? Verdict::kClean : Verdict::kNotExamined;
}

// Members stand behind the container that named them first, but an archive may stand in itself, and what came
// first may be named again by a later one: until nothing changes.
void judge_containers(std::vector<ReportedFile>& files) {
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = files.size(); i-- > 0;) {
      Verdict worst = files[i].with_members;
      for (const auto& member : files[i].members) {
        bool is_known = member.file != ReportedFile::kLeftOut;
        worst = std::min(worst, is_known ? files[member.file].with_members : Verdict::kIncomplete);
      }
      changed |= worst != files[i].with_members;
      files[i].with_members = worst;
    }
  }
}

}  // namespace

const char* verdict_name(Verdict verdict) {
  static constexpr const char* kNames[kVerdicts] = {"found", "incomplete", "not examined", "clean"};
  return kNames[static_cast<size_t>(verdict)];
}

bool Report::is_complete() const {
  return incomplete.empty() && left_out == 0 &&
         std::all_of(files.begin(), files.end(), [](const ReportedFile& f) { return f.incomplete.empty(); });
}

std::vector<std::string> less_sandbox(const Report& report) {
  std::vector<std::string> all;
  for (const auto& [agent, sandboxes] : report.sandboxes) {
    for (const auto& layers : sandboxes) {
      std::string missing = missing_layers(layers);
      if (!missing.empty()) all.push_back(agent + " worked " + missing);
    }
  }
  return all;
}

uint64_t programs_not_run(const Report& report) {
  auto count = std::ranges::count_if(report.files, [](const ReportedFile& file) { return file.is_not_run; });
  return static_cast<uint64_t>(count);
}

void judge(Report& report) {
  for (ReportedFile& file : report.files) {
    settle_unopened(file);
    file.verdict = file.with_members = own_verdict(file);
    report.counts[static_cast<size_t>(file.verdict)]++;
  }
  judge_containers(report.files);
  auto any = [&](Verdict verdict) { return report.counts[static_cast<size_t>(verdict)] > 0; };
  bool is_mixed = any(Verdict::kNotExamined) && any(Verdict::kClean);
  if (any(Verdict::kFound)) {
    report.verdict = Verdict::kFound;
  } else if (!report.is_complete() || is_mixed) {
    report.verdict = Verdict::kIncomplete;
  } else {
    report.verdict = any(Verdict::kClean) ? Verdict::kClean : Verdict::kNotExamined;
  }
}

}  // namespace rebus
