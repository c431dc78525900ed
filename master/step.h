// Step: everything that one message changes, gathered and then applied as one.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "storage/storage.h"

namespace rebus {

// What is staged here is seen by the later parts of the same step, and by nobody else before apply().
class Step {
 public:
  Step(Storage& storage, Seq& next_seq) : storage_(storage), next_seq_(next_seq) {}

  Seq new_seq() { return next_seq_++; }
  Seq last_seq() const { return next_seq_ - 1; }
  // 0: not there.
  Result<Seq> lookup(const Domain& domain, const Selector& selector) const;
  Result<Record> get(Seq seq) const;
  // Whether the same origin is stored or staged.
  Result<bool> has_origin(const Origin& origin) const;
  void add(Record record);
  void add(Origin origin) { changes_.origins.push_back(std::move(origin)); }
  void add(Mark mark) { changes_.marks.push_back(std::move(mark)); }
  // The stored record of the submission, to be changed.
  Result<Submission*> submission(SubmissionId id);
  // The same to be read only: it is not written again.
  Result<Submission> peek(SubmissionId id) const;
  void add(Submission submission) { submissions_[submission.id] = std::move(submission); }
  // Those that this step looked at or changed.
  const std::map<SubmissionId, Submission>& submissions() const { return submissions_; }
  // A cancelled submission of which something is wanted again.
  void revive(SubmissionId submission) { revived_.push_back(submission); }
  const std::vector<SubmissionId>& revived() const { return revived_; }
  void remove(Mark mark) { changes_.unmarks.push_back(std::move(mark)); }
  void remove_descriptor(Seq seq) { changes_.removed.push_back(seq); }
  void remove_origin(Origin origin) { changes_.removed_origins.push_back(std::move(origin)); }
  void remove_consumer(ConsumerId consumer) { changes_.removed_consumers.push_back(consumer); }
  void prune(const Digest& value) { changes_.pruned_values.push_back(value); }
  Result<bool> is_pruned(const Digest& value) const { return storage_.is_pruned(value); }
  // The bytes of a known descriptor, which were removed, are there again.
  void restore(Seq seq, Value value) {
    restored_.insert(seq);
    changes_.restored.push_back(std::move(value));
  }
  const std::set<Seq>& restored() const { return restored_; }
  void set(const Consumer& consumer) { changes_.consumers.push_back(consumer); }
  void set(const Attempt& attempt) { changes_.attempts.push_back(attempt); }
  void set(const Running& running) { changes_.running.push_back(running); }
  void add(const Collected& collected) { changes_.collected.push_back(collected); }
  void remove(const Collected& collected) { changes_.uncollected.push_back(collected); }
  void set(ConsumerId consumer, AgentState state) {
    changes_.states.emplace_back(consumer, std::move(state));
  }

  const std::vector<Record>& descriptors() const { return changes_.descriptors; }
  Result<void> apply();

 private:
  Storage& storage_;
  Seq& next_seq_;
  Changes changes_;
  std::map<std::string, size_t> staged_;  // "domain selector" -> index of the descriptor
  std::map<SubmissionId, Submission> submissions_;
  std::vector<SubmissionId> revived_;
  std::set<Seq> restored_;
};

}  // namespace rebus
