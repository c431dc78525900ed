// CrashStorage: a storage in memory that can lose what was not committed, as a power cut does.
#pragma once

#include <memory>
#include <vector>

#include "storage/storage.h"

namespace rebus::simulation {

class CrashStorage final : public Storage {
 public:
  CrashStorage();
  // Everything applied since the last commit is gone; the epoch is the next one.
  void crash();

  ValueFactory& values() override { return inner_->values(); }
  Result<void> has_room() override { return inner_->has_room(); }
  Result<void> apply(const Changes& changes) override;
  Result<void> commit() override;
  void reclaim() override {}
  const std::string& bus_name() const override { return inner_->bus_name(); }
  uint64_t epoch() const override { return epoch_; }
  StorageStatistics statistics() const override { return inner_->statistics(); }
  Result<Record> get(Seq seq) override { return inner_->get(seq); }
  Result<Seq> lookup(const Domain& d, const Selector& s) override { return inner_->lookup(d, s); }
  Result<std::vector<LogEntry>> log(Seq from, size_t n) override { return inner_->log(from, n); }
  Result<std::optional<Origin>> origin_at(Seq seq) override { return inner_->origin_at(seq); }
  Result<std::vector<LogEntry>> queue(SubmissionId s, Seq from, size_t n) override {
    return inner_->queue(s, from, n);
  }
  Result<Page> find_regex(const std::optional<Domain>& d, const std::string& r, uint64_t c,
                          size_t n) override {
    return inner_->find_regex(d, r, c, n);
  }
  Result<Page> find_prefix(const std::optional<Domain>& d, const std::string& p, uint64_t c,
                           size_t n) override {
    return inner_->find_prefix(d, p, c, n);
  }
  Result<Page> find_uuid(const std::optional<Domain>& d, const Uuid& u, uint64_t c, size_t n) override {
    return inner_->find_uuid(d, u, c, n);
  }
  Result<Page> find_digest(const std::optional<Domain>& d, const std::string& h, uint64_t c,
                           size_t n) override {
    return inner_->find_digest(d, h, c, n);
  }
  Result<Page> find_name(const std::optional<Domain>& d, const std::string& t, uint64_t c,
                         size_t n) override {
    return inner_->find_name(d, t, c, n);
  }
  Result<Page> children(Seq p, uint64_t c, size_t n) override { return inner_->children(p, c, n); }
  Result<Page> contents(Seq s, uint64_t c, size_t n) override { return inner_->contents(s, c, n); }
  Result<Page> roots(SubmissionId s, uint64_t c, size_t n) override { return inner_->roots(s, c, n); }
  Result<std::vector<Origin>> origins_of(Seq s, Seq f, size_t n) override {
    return inner_->origins_of(s, f, n);
  }
  Result<std::vector<Origin>> origins_from(Seq s, Seq f, size_t n) override {
    return inner_->origins_from(s, f, n);
  }
  Result<std::optional<Origin>> same_origin(const Origin& o) override { return inner_->same_origin(o); }
  Result<std::vector<Mark>> marks(Seq s) override { return inner_->marks(s); }
  Result<bool> is_marked(Seq s, ConsumerId c) override { return inner_->is_marked(s, c); }
  Result<MarkPage> marks_of(ConsumerId c, Seq f, size_t n) override { return inner_->marks_of(c, f, n); }
  Result<bool> is_pruned(const Digest& d) override { return inner_->is_pruned(d); }
  Result<std::vector<Mark>> failures(ConsumerId c, Seq after, size_t limit) override {
    return inner_->failures(c, after, limit);
  }
  Result<std::vector<Attempt>> attempts(ConsumerId c) override { return inner_->attempts(c); }
  Result<std::vector<Running>> running() override { return inner_->running(); }
  Result<std::vector<Collected>> collected(const Collected& from, size_t limit) override {
    return inner_->collected(from, limit);
  }
  Result<AgentState> state(ConsumerId consumer) override { return inner_->state(consumer); }
  Result<std::vector<Consumer>> consumers() override { return inner_->consumers(); }
  Result<Submission> submission(SubmissionId s) override { return inner_->submission(s); }
  SubmissionId last_submission() const override { return inner_->last_submission(); }
  Result<std::vector<Submission>> active_after(Lane l, Seq s) override { return inner_->active_after(l, s); }
  Result<std::vector<SubmissionId>> open_submissions() override { return inner_->open_submissions(); }
  Result<std::vector<TypeCount>> types(size_t n) override { return inner_->types(n); }
  Result<std::vector<UuidLabel>> uuids(const Domain& d, const Uuid& u, size_t n) override {
    return inner_->uuids(d, u, n);
  }

 private:
  std::unique_ptr<Storage> inner_;
  std::vector<Changes> committed_, pending_;
  uint64_t epoch_ = 1;
};

}  // namespace rebus::simulation
