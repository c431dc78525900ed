// BareMaster: a Master called directly, message by message, without server, thread or clock.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "master/master.h"

namespace rebus {

class BareMaster {
 public:
  explicit BareMaster(MasterOptions options = {});
  ~BareMaster();

  // Joins a peer; its prefixes are "/" if `hello` has none.
  PeerId join(Hello hello);
  PeerId join(Role role, const std::string& agent);
  uint64_t token_of(PeerId peer) const { return tokens_.at(peer); }
  void leave(PeerId peer) { master_->peer_gone(peer), settle(); }
  // Ends everything in memory and starts on the same storage.
  void restart();
  // Nothing else moves its clock.
  void pass(std::chrono::milliseconds time);

  // Sends, settles, and gives the answer.
  Body ask(PeerId peer, Body call);
  void tell(PeerId peer, Body message);
  // Tasks that arrived for the peer, oldest first; taken out.
  std::deque<Task> tasks(PeerId peer);
  std::deque<BulkTask> bulks(PeerId peer);
  // What came unasked that is no task, oldest first; taken out.
  std::deque<Body> unasked(PeerId peer);
  // Answers without a waiting ask(), such as a submission's completion.
  bool has_answer(uint64_t request) const { return answers_.contains(request); }
  uint64_t start_asking(PeerId peer, Body call);

  SubmissionId open(PeerId producer, const std::string& note, Lane lane = Lane::kNormal);
  // An injected file; its bytes are its name.
  Descriptor inject(PeerId producer, SubmissionId submission, const std::string& name);
  Body push(PeerId peer, Descriptor d, SubmissionId submission = 0, std::optional<OriginClaim> origin = {});
  void close(PeerId producer, SubmissionId submission);

  Storage& storage() { return *storage_; }

 private:
  void settle();
  MasterOptions options_;
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<Master> master_;
  Moment now_{MonotonicTime(std::chrono::hours(1)), 1};
  PeerId next_peer_ = 1;
  uint64_t next_request_ = 1;
  std::map<uint64_t, Body> answers_;
  std::map<PeerId, std::deque<Task>> tasks_;
  std::map<PeerId, std::deque<BulkTask>> bulks_;
  std::map<PeerId, uint64_t> tokens_;
  std::map<PeerId, std::deque<Body>> unasked_;
};

// Code{}: it is none.
Code refusal(const Body& answer);

// Handles all tasks of a consumer, in the order in which they come; gives their labels.
std::vector<std::string> handle_all(BareMaster& master, PeerId consumer);

// Of a consumer of files.
Hello consumer_hello(const std::string& agent, const std::string& prefix = "/",
                     const std::string& domain = "default");
PeerId join_objects_consumer(BareMaster& master, const std::string& agent, uint32_t credit = 1);

// One file, injected in a submission of its own, which is closed.
SubmissionId submit(BareMaster& master, const std::string& name);

}  // namespace rebus
