// Pruning: one page of the removal of files that are older than a time, with their results.
#pragma once

#include <functional>
#include <map>
#include <set>

#include "bus/message.h"
#include "master/origin_walk.h"
#include "master/step.h"

namespace rebus {

// A file is as old as the last injection through which it came in, be it inside of containers. What is
// removed is a file with all its results at once, containers before their contents: whoever injects the same
// bytes meanwhile either finds all of it or finds nothing. The log is walked from its start to its end,
// then the submissions for notes of which nothing is left.
class Pruning {
 public:
  // Whether an injection is handled by everybody who is here.
  using IsHandled = std::function<bool(SubmissionId)>;
  // Told of every descriptor with its marks that goes.
  using OnGone = std::function<Result<void>(Step& step, const Record& record)>;
  // `young`: injections from this position on are not touched.
  Pruning(Storage& storage, Step& step, const Prune& call, Seq young, IsHandled is_handled, OnGone on_gone);

  // Adds a page to the step.
  Result<Pruned> run();

 private:
  enum class Fate { kStays, kUnhandled, kGoes };
  Result<void> walk_log();
  Result<void> walk_notes();
  Result<void> look_at(const LogEntry& entry);
  Result<void> look_at_origin(const LogEntry& entry);
  Result<Fate> fate_of(const Record& record);
  Result<void> take(const Record& root);
  Result<void> take_whole(const std::vector<Record>& group);
  Result<void> take_values(const std::vector<Record>& group);
  Result<bool> is_needed(const Digest& value);
  Result<std::optional<std::vector<Record>>> group_of(const Record& root);
  Result<bool> is_there(Seq seq);
  bool in_domain(const Domain& domain) const { return call_.all_domains || domain == call_.domain; }

  Storage& storage_;
  Step& step_;
  const Prune& call_;
  Seq young_;
  IsHandled is_handled_;
  OnGone on_gone_;
  OriginWalk to_young_, to_unhandled_;
  std::map<SubmissionId, bool> handled_;
  std::set<Seq> taken_;      // by this page
  std::set<Digest> pruned_;  // by this page
  size_t cost_ = 0;
  Pruned done_;
};

// The first position that was stored at or after the time; `end` if there is none before that. stored_at goes
// up along the log, as long as the clock of the master does.
Result<Seq> first_stored_at(Storage& storage, int64_t time_ns, Seq end);

}  // namespace rebus
