// Bus: what an agent can ask of the bus. One per session, used by the agent's thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "bus/channel.h"

namespace rebus {

// Every call waits for its answer unless it says otherwise, and fails with kUnavailable or kStopped when the
// bus is gone. Values of records read themselves through this Bus and must not outlive it or leave its
// thread.
class Bus {
 public:
  explicit Bus(std::unique_ptr<Channel> channel);
  ~Bus();
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;

  Result<Welcome> join(const Hello& hello);
  void leave();
  // From any thread: ends all waiting with kStopped.
  void interrupt();
  const Hello& hello() const { return hello_; }

  // A new value: write, seal, push.
  std::unique_ptr<ValueWriter> new_value() { return channel_->values().create(); }

  // Injection.
  Result<SubmissionId> open_submission(const Descriptor& note, Lane lane);
  Result<void> close_submission(SubmissionId submission);

  // Pushes without waiting for the answer: a window of pushes is under way. Large values are uploaded first.
  // An error of an earlier push is given by a later push() or by flush(), once. `pushed` (optional) is called
  // with the answer of this one.
  using OnPushed = std::function<void(const Result<Pushed>&)>;
  Result<void> push(NewDescriptor item, SubmissionId submission = 0, OnPushed pushed = {});
  // With results of it that are stored in the same step. kInvalid: one has more than kMaxInlineValue.
  Result<void> push(NewDescriptor item, std::vector<NewDescriptor> results);
  // Waits until every push is answered; the first error among them.
  Result<void> flush();

  // Searching. `find` gives one page; `for_each` all pages, stopping when `use` gives false.
  Result<Items> find(const Find& query);
  Result<void> for_each(Find query, const std::function<bool(Record&)>& use);
  Result<Record> get(const Domain& domain, const Selector& selector);
  Result<Record> get(Seq seq);
  // By position; those known at log position `upto` (0: all).
  Result<std::vector<Origin>> origins_of(Seq object, Seq upto = 0);
  Result<std::vector<Origin>> contents_of(Seq container, Seq upto = 0);
  Result<std::vector<NamedMark>> marks(Seq seq);
  Result<std::vector<LabelledUuid>> uuids(const Domain& domain, const Uuid& after);
  Result<Status> status();
  // With `wait`, up to `timeout`: the state when time is up has complete == false.
  Result<SubmissionStatus> submission(SubmissionId id, bool wait = false,
                                      std::optional<std::chrono::milliseconds> timeout = {});
  Result<Idle> wait_idle();

  // Tasks that ended as failures, of one agent or of all (empty); stops when `use` gives false.
  Result<void> for_each_failure(const std::string& agent, const std::function<bool(const FailedTask&)>& use);
  // Tasks that are still to be handled, likewise.
  Result<void> for_each_pending(const std::string& agent, const std::function<bool(const PendingTask&)>& use);
  // A process that we started ended.
  Result<void> report(ProcessEnd end);
  // Has them handed out again: of one agent or of all (empty), of one descriptor or of all (0). Gives how
  // many.
  Result<uint64_t> retry(const std::string& agent, Seq seq);

  // Has `agent` process descriptors that wait to be asked for; with `force` also what it has handled. At most
  // kMaxAsked of them.
  Result<Asked> ask(const std::string& agent, std::vector<Seq> seqs, bool force);
  Result<void> set_mode(const std::string& agent, Mode mode);
  // What people who run a bus do to it (docs/operating.md, "Operations").
  Result<Cancelled> cancel(SubmissionId submission);
  Result<Paused> pause(const std::string& agent, bool paused);
  // Both ask page after page. Gives how many marks went with the consumer.
  Result<uint64_t> forget(ConsumerId consumer);
  // `told` is called with what was done so far, after each page.
  Result<Pruned> prune(Prune query, const std::function<void(const Pruned&)>& told);
  // Calls of this bus that wait are held up by agents that have work left and are paused: called with their
  // names whenever that begins.
  using OnHeld = std::function<void(const std::vector<std::string>& agents)>;
  void on_held(OnHeld told) { on_held_ = std::move(told); }

  // Work of consumers and readers. Next thing to do: a Task, or (readers after ask_idle()) Idle. Nothing when
  // the bus is gone. After a reconnect, tasks of the old session are gone and will come again.
  using Event = std::variant<Task, BulkTask, Idle>;
  std::optional<Event> next_event();
  // Whether next_event() would give something, or that the bus is gone, at once; waits for it so long.
  bool has_event(std::chrono::milliseconds wait);
  // Consumers, from process(): the agent is at work still. Cheap; for loops that ask nothing of the bus for
  // minutes. kStopped: as look().
  Result<void> progress();
  // Takes in what came meanwhile. kStopped: the task that was begun last is cancelled, nothing of it will be
  // stored. Cheap.
  Result<void> look();
  bool is_withdrawn() const { return started_ != 0 && withdrawn_ == started_; }
  // What the BulkTask that is under way is about; stops when `use` gives false.
  Result<void> for_each_collected(const std::function<bool(Record&)>& use);
  // What the consumer of this session keeps.
  Result<AgentState> state();
  // Since the last call the session was lost, and tasks with it: they come again.
  bool take_loss() { return std::exchange(has_lost_, false); }
  // Readers: asks for one Idle event.
  Result<void> ask_idle();
  Result<void> finish(Finish finish);

  // Whether interrupt() was called or the bus shut down.
  bool gone() const { return channel_->closed(); }

 private:
  class RemoteSource;
  struct PendingPush {
    OnPushed pushed;
    std::optional<Push> again;  // for a master that restarted: uploads, and what depends on them
  };

  template <class Answer, class Call>
  Result<Answer> call(Call call, std::optional<std::chrono::milliseconds> timeout = {});
  template <class Call>
  Result<uint64_t> begin_call(Call call);
  template <class Answer>
  Result<Answer> end_call(uint64_t request, std::optional<std::chrono::milliseconds> timeout);
  void forget_call(uint64_t request);
  Result<Body> wait_answer(uint64_t request, std::optional<std::chrono::milliseconds> timeout);
  Result<void> receive_one(std::optional<std::chrono::milliseconds> timeout);
  void dispatch(Message message);
  void look_ahead();
  void withdraw(Seq seq);
  bool is_old_news(const Task& task);
  Result<void> note_begin(const Event& event);
  static Seq task_of(const Event& event);
  static bool is_suspect(const Event& event);
  Seq begin_next();
  Result<std::vector<Origin>> all_origins(ListOrigins query);
  bool must_repeat(uint64_t request, const Failure& failure);
  void push_answered(uint64_t request, PendingPush pending, const Body& body);
  Result<void> begin_push(Push push, OnPushed pushed);
  Result<void> send_push(Push push, OnPushed pushed);
  Result<void> wait_for_pushes(size_t at_most);
  void adopt(Record& record);
  bool must_upload(const Value& value, uint64_t& inline_bytes) const;
  Result<uint64_t> send_upload(const Value& value);
  void part_answered(uint64_t upload, const Body& body);
  Result<void> wait_for_parts(size_t at_most);
  Result<uint64_t> upload(const Value& value);

  std::unique_ptr<Channel> channel_;
  std::shared_ptr<Bus*> self_;  // remote values look here; nullptr after ~Bus
  Hello hello_;
  uint64_t next_request_ = 1;
  uint64_t next_upload_ = 1;
  uint64_t idle_request_ = 0;
  uint64_t repeat_below_ = 0;  // requests up to here may miss a precursor that is repeated
  Seq position_ = 0;           // readers: of the last task given
  Seq started_ = 0;            // consumers: the task that the master knows to be begun
  bool has_lost_ = false;
  Seq withdrawn_ = 0;  // consumers: the task that was cancelled last
  std::chrono::steady_clock::time_point last_sign_, last_look_;
  OnHeld on_held_;
  std::unordered_set<uint64_t> waiting_;        // calls whose answer is wanted
  std::unordered_map<uint64_t, Body> answers_;  // by request, until taken
  std::unordered_map<uint64_t, PendingPush> pushes_;
  std::unordered_map<uint64_t, uint64_t> parts_;  // of values, under way: by request, their upload
  using UploadErrors = std::unordered_map<uint64_t, Error>;
  UploadErrors failed_uploads_;                    // until a push asks for them
  bool was_value_read_ = false;                    // of the event that was given last
  std::deque<std::pair<Push, OnPushed>> repeats_;  // to be uploaded and pushed again
  std::deque<Event> events_;
  std::optional<Error> push_error_;
};

}  // namespace rebus
