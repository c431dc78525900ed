// Master::Rules: the state of the bus and the rules on it, one file for each kind of rule (rules_*.cpp).
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "master/admission.h"
#include "master/catalog.h"
#include "master/consumer_queue.h"
#include "master/master.h"
#include "master/session.h"

namespace rebus {

// Kinds of descriptors (lane, domain, type path) that are counted over; with more, no backlog is known.
inline constexpr size_t kMaxTypes = 16'384;

// Until a result is made again that the disk had no room for.
inline constexpr std::chrono::seconds kWaitForRoom{10};

// Of a counter of what is stored: it never goes below none.
inline void lower(uint64_t& counter, uint64_t by) { counter -= std::min(counter, by); }

struct Master::Rules {
  Rules(Storage& s, MasterOptions o)
      : storage(s), options(std::move(o)), admission(options.limits), catalog(s) {}

  // What an instance has been given of what its consumer collected.
  struct Bulk {
    PeerId peer = 0;
    SubmissionId submission = 0;   // 0: of all
    std::vector<Collected> items;  // by submission and position; at least one
    Seq first() const { return items.front().seq; }
    bool contains(Seq seq) const {
      return std::any_of(items.begin(), items.end(), [&](const Collected& one) { return one.seq == seq; });
    }
  };
  // A consumer with at least one live instance.
  struct Live {
    ConsumerQueue queue;
    std::set<PeerId> instances;
    uint64_t offered = 0;
    uint32_t finishes = 0;  // since the watermark was stored
    // Something may have gone that was never passed, or was passed twice: Consumer::passed is set right when
    // nothing is left to do.
    bool is_recount_due = false;
    std::optional<Bulk> bulk = {};         // under way
    MonotonicTime bulk_after = {};         // none before
    std::set<SubmissionId> gathered = {};  // Mode::kComplete: with something that was collected
    SubmissionId bulk_turn = 0;            // the last of them that was looked at
    size_t to_look = 0;                    // how many of them are to be looked at since `looked_at_change`
    uint64_t looked_at_change = 0;
  };
  // How a task ends.
  struct Ended {
    Outcome outcome = Outcome::kDone;
    std::string message;
  };
  using ConsumerKey = std::tuple<std::string, std::string, std::string>;  // agent, config, domain
  static ConsumerKey key_of(const Consumer& c) { return {c.agent, c.config, c.domain.str()}; }
  struct Waiter {
    PeerId peer = 0;
    uint64_t request = 0;
    SubmissionId submission = 0;  // 0: waits for idleness
    SubmissionId blocker = 0;     // what was not settled when it was looked at last; looked at first
    bool is_cancelled = false;    // what it waits for
    bool is_told = false;         // that paused agents hold it up
  };

  Storage& storage;
  MasterOptions options;
  Admission admission;
  Catalog catalog;
  Seq next_seq = 1;
  SubmissionId next_submission = 1;
  std::map<ConsumerKey, Consumer> known;  // stored ones
  std::map<ConsumerId, Live> live;
  std::unordered_map<PeerId, Session> sessions;
  std::set<PeerId> readers;
  std::vector<Waiter> waiters;
  // Consumers whose last instance ended without leaving, or with the master, and submissions that were open
  // then. Until they are back, or it is too late, nothing is idle or complete.
  std::map<ConsumerId, MonotonicTime> awaited;
  std::set<SubmissionId> orphans;
  MonotonicTime await_until;
  // What was at work when the master ended, by session: who comes back is not blamed.
  std::multimap<uint64_t, Running> interrupted;
  // Of the removal that was asked for last: its time, and the first position that is not older.
  std::pair<int64_t, Seq> pruned_before{};
  Outbox outbox;
  Moment now;
  std::optional<Error> broken;  // the storage failed: nothing more is acknowledged
  bool more = false;
  uint64_t changes = 0;  // messages and ticks

  // --- sessions ---
  void on(Session* s, PeerId peer, uint64_t request, Hello& hello);
  Result<void> join(Session& session);
  Result<void> join_consumer(Session& session);
  Result<Consumer*> consumer_of(const Hello& hello);
  ConsumerId free_consumer_id() const;
  // Why a session ends.
  enum class Ending {
    kLeft,  // it said so, or came back on a new connection
    kGone,  // nobody knows what became of it
  };
  // `how`: it ended, for who reads of what it was at work on.
  void end_session(PeerId peer, Ending ending, const std::string& how = "ended");
  void close_submissions(Session& session);
  uint32_t free_slot(const Live& consumer) const;
  Result<void> store_liveness(Live& consumer, bool is_live);
  Result<void> await_return();
  Result<void> give_up_waiting();
  Result<void> close_orphans();

  // --- calls of a session; each answers ---
  void on(Session& s, uint64_t request, Heartbeat&) { answer(s.peer, request, Alive{}); }
  void on(Session& s, uint64_t, Goodbye&) { end_session(s.peer, Ending::kLeft); }
  void on(Session& s, uint64_t request, Started& call);
  void on(Session&, uint64_t, Progress&) {}
  void on(Session& s, uint64_t request, ListFailures& call) { reply(s, request, failures(call)); }
  void on(Session& s, uint64_t request, ListPending& call) { reply(s, request, pending(call)); }
  void on(Session& s, uint64_t request, ProcessEnd& call);
  void on(Session& s, uint64_t request, Retry& call) { reply(s, request, retry(call)); }
  void on(Session& s, uint64_t request, ListBulk& call) { reply(s, request, bulk_items(s, call)); }
  void on(Session& s, uint64_t request, GetState&) { reply(s, request, state(s)); }
  void on(Session& s, uint64_t request, Ask& call) { reply(s, request, ask(call)); }
  void on(Session& s, uint64_t request, SetMode& call) { reply(s, request, set_mode(call)); }
  void on(Session& s, uint64_t request, Cancel& call) { reply(s, request, cancel(call)); }
  void on(Session& s, uint64_t request, Forget& call) { reply(s, request, forget(call)); }
  void on(Session& s, uint64_t request, Prune& call) { reply(s, request, prune(call)); }
  void on(Session& s, uint64_t request, Pause& call) { reply(s, request, pause(call)); }
  void on(Session& s, uint64_t request, OpenSubmission& call) { reply(s, request, open(s, call)); }
  void on(Session& s, uint64_t request, CloseSubmission& call) {
    reply(s, request, close(s, call.submission, false));
  }
  void on(Session& s, uint64_t request, Push& call) { reply(s, request, push(s, call)); }
  void on(Session& s, uint64_t request, ValueAppend& call) { reply(s, request, append(s, call)); }
  void on(Session& s, uint64_t, Finish& call) { finish(s, call); }
  void on(Session& s, uint64_t request, Read& call) { reply(s, request, catalog.read(call)); }
  void on(Session& s, uint64_t request, Find& call) { reply(s, request, catalog.find(call)); }
  void on(Session& s, uint64_t request, ListOrigins& call) { reply(s, request, catalog.origins(call)); }
  void on(Session& s, uint64_t request, ListMarks& call) { reply(s, request, marks(call)); }
  void on(Session& s, uint64_t request, ListUuids& call) { reply(s, request, catalog.uuids(call)); }
  void on(Session& s, uint64_t request, GetStatus& call) { reply(s, request, status(call)); }
  void on(Session& s, uint64_t request, GetSubmission& call);
  void on(Session& s, uint64_t request, WaitIdle&) { wait(s, request, 0); }
  template <class Other>
  void on(Session& s, uint64_t request, Other&) {
    reply(s, request, Result<Done>(Error{Code::kProtocol, "only the master sends this message"}));
  }

  Result<Opened> open(Session& session, OpenSubmission& call);
  Result<void> resume(Session& session, SubmissionId id);
  // `is_cut`: it was not said that this is all.
  Result<Done> close(Session& session, SubmissionId id, bool is_cut);
  Result<Pushed> push(Session& session, Push& call);
  Result<Pushed> admit(Step& step, const Session& session, Push& call);
  Result<Done> append(Session& session, ValueAppend& call);
  void make_room_for_upload(Session& session);
  Result<void> take_upload(Session& session, NewDescriptor& item);
  void finish(Session& session, Finish& call);
  Result<void> finish_claim(Session& session, Live& consumer, const ConsumerQueue::Item& item, Finish& call);
  Result<void> end_task(Step& step, Live& consumer, const ConsumerQueue::Item& item, const Ended& ended);
  static void forget_attempt(Step& step, Live& consumer, Seq seq);
  static void keep_state(Step& step, const Live& consumer, const Finish& call);
  Result<State> state(const Session& session);
  Result<void> stage_or_fail(Step& step, Session& session, Finish& call);
  Result<void> stage_children(Step& step, Session& session, Finish& call);
  Result<Marks> marks(const ListMarks& call);
  Result<Status> status(const GetStatus& call);
  ConsumerStatus status_of(const Consumer& stored, const std::vector<TypeCount>& types);
  Result<SubmissionStatus> submission_status(SubmissionId id);
  std::vector<std::string> gone_from(const Submission& submission) const;

  // --- tries that ended without a result ---
  void begin(Session& session, Seq seq);
  Running running_of(const Session& session, Seq seq) const;
  void begin_next(Step& step, Session& session, const Live& consumer, Seq next);
  Result<bool> put_off(Session& session, Live& consumer, const ConsumerQueue::Item& item, const Finish& call);
  void give_back_claims(Session& session, Live& consumer, const std::string& fault);
  Result<void> suspect(Live& consumer, const std::vector<Seq>& tasks, const std::string& reason);
  Result<void> blame(Live& consumer, const ConsumerQueue::Item& item, const std::string& reason);
  static bool is_hopeless(const Attempt& attempt);
  static Ended quarantined(const Attempt& attempt);
  static std::optional<std::chrono::milliseconds> back_off(const Attempt& attempt);
  Result<void> quarantine(Live& consumer, const ConsumerQueue::Item& item, const Attempt& attempt);
  Result<bool> quarantine_if_hopeless(Live& consumer, const ConsumerQueue::Item& item);
  void expire_stuck();
  Result<void> remember_interruptions();
  Result<void> forgive(uint64_t token);
  Result<FailedTasks> failures(const ListFailures& call);
  Result<Retried> retry(const Retry& call);
  Result<std::vector<Mark>> failures_after(const std::string& agent, Seq seq, ConsumerId consumer, Seq after);
  std::set<ConsumerId> consumers_named(const std::string& agent) const;
  // kNotFound: no consumer of it is known; empty: all are meant.
  Result<void> expect_known(const std::string& agent) const;
  Consumer& record_of(ConsumerId consumer);
  Result<Attempt> attempt_of(ConsumerId consumer, Seq seq);
  Result<void> set_interruptions(Step& step, const Running& task, int change);

  // --- what is still to be handled (rules_pending.cpp) ---
  struct PendingWalk;
  Result<PendingTasks> pending(const ListPending& call);
  Result<void> walk_absent(PendingWalk& walk);
  Result<void> walk_live(PendingWalk& walk, const Live& consumer);
  Result<void> walk_log(PendingWalk& walk, const Live& consumer, Seq begin);
  Result<void> tell_attempt(PendingWalk& walk, const Attempt& attempt);
  Result<bool> is_dropped(const Record& record);
  Result<bool> is_pending(const Live& consumer, const LogEntry& entry);
  PendingTask pending_task(const PendingWalk& walk, const Attempt& attempt);

  // --- how much that is (rules_backlog.cpp) ---
  using PerLane = std::array<uint64_t, kLanes>;
  static PerLane total_of(const Filter& filter, const std::vector<TypeCount>& types);
  std::vector<uint64_t> backlog_of(const Consumer& consumer, const std::vector<TypeCount>& types) const;
  Result<void> recount(Live& consumer);

  // --- modes ---
  Result<bool> declare_modes(Consumer& consumer, const Hello& hello, bool is_new);
  Result<Done> set_mode(const SetMode& call);
  Error unknown_agent(const std::string& agent) const;
  static bool offers(const Consumer& consumer, const Attempt& attempt);
  static bool is_its_own(const Consumer& consumer, const Record& record);
  Result<void> load_gathered(Live& consumer);
  Result<void> release_collected(Live& consumer);
  bool is_quiet() const;
  static bool has_bulk_to_come(const Live& consumer);
  Result<void> hand_out_bulks();
  Result<void> begin_bulk_of_complete(Live& consumer);
  Result<void> begin_bulk(Live& consumer, SubmissionId submission);
  Result<std::vector<Collected>> collected_between(Collected first, const Collected& last, size_t limit);
  Result<Items> bulk_items(const Session& session, const ListBulk& call);
  Result<void> finish_bulk(Session& session, Live& consumer, Finish& call);
  Result<void> put_off_bulk(Step& step, Live& consumer, Attempt attempt, const std::string& reason,
                            std::chrono::milliseconds wait);
  Result<void> end_bulk(Live& consumer, const Bulk& bulk, const Ended& ended);
  Result<void> end_bulk(Step& step, Live& consumer, const Bulk& bulk, const Ended& ended);
  Result<void> give_back_bulk(Session& session, Live& consumer, const std::string& fault);
  Result<Asked> ask(const Ask& call);
  Result<void> ask_one(ConsumerId consumer, Seq seq, bool force, Asked& answer);
  Result<std::optional<Outcome>> outcome_of(ConsumerId consumer, Seq seq);
  // What is to be handed out again, as soon as the step is applied that says so.
  struct Due {
    Attempt attempt;
    ConsumerQueue::Item item;
    bool was_handled = false;
  };
  Result<void> make_due(Seq seq, ConsumerId consumer);
  Result<std::optional<Due>> stage_due(Step& step, Seq seq, ConsumerId consumer);
  void hand_out_again(const Due& due);
  Result<std::vector<Due>> offer_again(Step& step);
  Result<void> unmark(Step& step, const Mark& mark, const Record& record);

  // --- operations ---
  Result<Cancelled> cancel(const Cancel& call);
  Result<uint64_t> withdraw(const Submission& submission);
  bool has_work_left(const Submission& submission) const;
  void forget_open(SubmissionId submission);
  Result<void> end_withdrawn(Session& session, Live& consumer, const ConsumerQueue::Item& item);
  Result<Paused> pause(const Pause& call);
  Result<Forgotten> forget(const Forget& call);
  Result<Consumer*> forgettable(ConsumerId id);
  Result<Pruned> prune(const Prune& call);
  Result<Seq> young_for(const Prune& call);
  bool is_through(SubmissionId id);
  Result<void> discount(Step& step, const Record& record);
  std::vector<std::string> paused_with_work(const std::set<SubmissionId>& closure);
  void tell_held(Waiter& waiter);

  // --- after a step ---
  Result<void> apply(Step& step);
  void announce(const Record& record, const Submission& submission);

  // --- settling ---
  Result<void> store_watermarks(bool all);
  void hand_out();
  void hand_out(Live& consumer);
  Session* freest_of(const Live& consumer);
  bool wants(const Live& consumer, const Record& record, const Attempt& attempt) const;
  size_t hand_out_one(Live& consumer);
  void feed(Session& reader);
  Result<bool> feed_entry(Session& reader, const LogEntry& entry);
  bool is_idle() const;
  bool is_complete(const std::set<SubmissionId>& closure);
  bool is_handled(SubmissionId id);
  bool is_settled(SubmissionId id);
  // The first that is not settled; 0: all are.
  SubmissionId blocker_among(const std::set<SubmissionId>& closure);
  Result<std::set<SubmissionId>> closure_of(SubmissionId id);
  void wait(Session& session, uint64_t request, SubmissionId submission);
  void answer_waiters();
  bool may_be_answered(Waiter& waiter);
  bool answer_waiter(const Waiter& waiter);

  void answer(PeerId peer, uint64_t request, Body body) {
    outbox.push_back({peer, {request, std::move(body)}});
  }
  template <class T>
  void reply(Session& session, uint64_t request, Result<T> result) {
    if (result) return answer(session.peer, request, *std::move(result));
    answer(session.peer, request, Failure{result.error().code, result.error().message});
  }
};

}  // namespace rebus
