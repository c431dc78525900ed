// ReportCollector: reads all that is known of a submission from a bus.
#pragma once

#include <functional>
#include <unordered_map>

#include "agents/support/report.h"
#include "bus/bus.h"

namespace rebus {

// A result is taken for one of something that looks for bad things if it is structured, an object, and has a
// "verdict": "clean", "found", "encrypted", "partial" or "error"; then "signatures" (texts) or "rules"
// (objects with a "name") tell what was found, and "reason" what was not looked at; "unopened" true: it is
// only what could not be opened. Whatever else has a list "partial" that is not empty is incomplete for these
// reasons.
class ReportCollector {
 public:
  // `own`: the agent whose results are no part of the report. `limit`: files, at most.
  ReportCollector(Bus& bus, std::string own, size_t limit) : bus_(bus), own_(std::move(own)), limit_(limit) {}
  // All but the verdicts (judge()). `alive` is called for each file.
  Result<Report> collect(SubmissionId submission, const std::function<Result<void>()>& alive);

 private:
  struct Place;
  Result<void> add_roots();
  Result<void> add_whole(const SubmissionStatus& status);
  Result<void> add_unread();
  Result<void> add_tree(Place root);
  Result<size_t> add(Seq object, const std::string& name, bool is_injected, bool& is_new);
  Result<void> add_results(ReportedFile& file);
  Result<void> add_marks(ReportedFile& file, const Record& record);
  void add_result(ReportedFile& file, Record& record);
  using Told = std::multimap<std::string, std::string>;  // by agent, what its results say
  static void add_words(ReportedFile& file, ReportedResult& result, Told& told);
  void add_limit(ReportedFile& file, const Descriptor& d, const Told& told);
  void add_sandbox(const Descriptor& d);

  Bus& bus_;
  const std::string own_;
  const size_t limit_;
  Report report_;
  Seq head_ = 0;
  bool has_failures_of_results_ = false;
  std::unordered_map<Seq, size_t> places_;  // in Report::files
  // Of the file that is added: by agent and version of its results.
  std::map<std::pair<std::string, uint32_t>, uint64_t> times_;
  std::function<Result<void>()> alive_;
};

}  // namespace rebus
