#include "bus/bus.h"

#include <algorithm>

#include "bus/absent_source.h"
#include "descriptor/crash_point.h"

namespace rebus {
namespace {

// Pushes under way at a time: enough to hide the master's disk, few enough to bound memory on both sides.
constexpr size_t kPushWindow = 64;
constexpr size_t kPartWindow = 8;  // parts of values under way: bytes for one round trip
constexpr int kUploadAttempts = 100;
constexpr std::chrono::seconds kSignEvery{10};  // much less than a claim lives
constexpr std::chrono::milliseconds kLookEvery{100};

Error withdrawn() { return {Code::kStopped, "the submission was cancelled"}; }

Error no_bus() { return {Code::kStopped, "the bus is gone or this agent was stopped"}; }

}  // namespace

// Reads a stored value of another process, piece by piece: while one is looked at, the next is on its way.
class Bus::RemoteSource final : public ValueSource {
 public:
  RemoteSource(std::shared_ptr<Bus*> bus, Seq seq, uint64_t size)
      : bus_(std::move(bus)), seq_(seq), size_(size) {}
  ~RemoteSource() override { forget_ahead(); }
  RemoteSource(const RemoteSource&) = delete;
  RemoteSource& operator=(const RemoteSource&) = delete;

  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> buffer) const override {
    size_t done = 0;
    while (done < buffer.size()) {
      if (*bus_ == nullptr) return no_bus();
      if ((*bus_)->is_withdrawn()) return withdrawn();
      auto data = piece(offset + done, buffer.size() - done);
      if (!data) return data.error();
      if (data->bytes.empty()) break;
      size_t count = std::min(data->bytes.size(), buffer.size() - done);
      std::copy_n(data->bytes.data(), count, reinterpret_cast<char*>(buffer.data()) + done);
      done += count;
    }
    return done;
  }

  // Asks for what is at `offset`, for whoever will want it.
  void look_ahead(uint64_t offset) const {
    forget_ahead();
    if (*bus_ == nullptr || offset >= size_) return;
    auto request = (*bus_)->begin_call(Read{seq_, offset, length_of(offset)});
    if (request) ahead_ = {*request, offset};
  }

 private:
  struct Ahead {
    uint64_t request = 0;  // 0: none
    uint64_t offset = 0;
  };

  uint32_t length_of(uint64_t offset) const {
    return static_cast<uint32_t>(std::min<uint64_t>(size_ - offset, kMaxMessageValues));
  }

  Result<Data> piece(uint64_t offset, size_t most) const {
    (*bus_)->was_value_read_ = true;
    const bool is_coming = ahead_.request != 0 && ahead_.offset == offset;
    auto length = static_cast<uint32_t>(std::min<uint64_t>(most, kMaxMessageValues));
    auto data = is_coming ? (*bus_)->end_call<Data>(std::exchange(ahead_, {}).request, {})
                          : (*bus_)->call<Data>(Read{seq_, offset, length});
    // Who takes a whole piece is likely to want the next.
    if (data && data->bytes.size() == kMaxMessageValues) look_ahead(offset + data->bytes.size());
    return data;
  }

  void forget_ahead() const {
    const uint64_t request = std::exchange(ahead_, {}).request;
    if (request != 0 && *bus_ != nullptr) (*bus_)->forget_call(request);
  }

  std::shared_ptr<Bus*> bus_;
  Seq seq_;
  uint64_t size_;
  mutable Ahead ahead_;  // by the thread of the bus, as all of it
};

Bus::Bus(std::unique_ptr<Channel> channel)
    : channel_(std::move(channel)), self_(std::make_shared<Bus*>(this)) {}

Bus::~Bus() { *self_ = nullptr; }

Result<Welcome> Bus::join(const Hello& hello) {
  hello_ = hello;
  return channel_->join(hello);
}

void Bus::leave() { (void)channel_->send({0, Goodbye{}}); }

void Bus::interrupt() { channel_->interrupt(); }

// --- calls and answers ---

template <class Answer, class Call>
Result<Answer> Bus::call(Call call, std::optional<std::chrono::milliseconds> timeout) {
  auto request = begin_call(std::move(call));
  return request ? end_call<Answer>(*request, timeout) : Result<Answer>(request.error());
}

template <class Call>
Result<uint64_t> Bus::begin_call(Call call) {
  uint64_t request = next_request_++;
  waiting_.insert(request);
  auto sent = channel_->send({request, std::move(call)});
  return sent ? Result<uint64_t>(request) : sent.error();
}

void Bus::forget_call(uint64_t request) {
  waiting_.erase(request);
  answers_.erase(request);
}

template <class Answer>
Result<Answer> Bus::end_call(uint64_t request, std::optional<std::chrono::milliseconds> timeout) {
  auto body = wait_answer(request, timeout);
  if (!body) return body.error();
  if (auto* failure = std::get_if<Failure>(&*body)) return Error{failure->code, failure->message};
  if (auto* answer = std::get_if<Answer>(&*body)) return std::move(*answer);
  return Error{Code::kProtocol, "the master answered with another kind of message"};
}

Result<Body> Bus::wait_answer(uint64_t request, std::optional<std::chrono::milliseconds> timeout) {
  auto deadline = std::chrono::steady_clock::now() + timeout.value_or(std::chrono::milliseconds(0));
  while (true) {
    if (auto it = answers_.find(request); it != answers_.end()) {
      Body body = std::move(it->second);
      answers_.erase(it);
      return body;
    }
    std::optional<std::chrono::milliseconds> left;
    if (timeout) {
      left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      if (left->count() <= 0) {
        waiting_.erase(request);
        return Error{Code::kUnavailable, "no answer in time"};
      }
    }
    auto received = receive_one(left);
    if (!received) return received.error();
  }
}

Result<void> Bus::receive_one(std::optional<std::chrono::milliseconds> timeout) {
  auto message = channel_->receive(timeout);
  if (message) {
    dispatch(std::move(*message));
  } else if (channel_->closed()) {
    return no_bus();
  }
  return {};
}

void Bus::dispatch(Message message) {
  if (auto* items = std::get_if<Items>(&message.body)) {
    for (Record& record : items->records) adopt(record);
  }
  if (auto* task = std::get_if<Task>(&message.body)) {
    if (is_old_news(*task)) return;
    adopt(task->record);
    events_.emplace_back(std::move(*task));
  } else if (const auto* gone = std::get_if<Withdrawn>(&message.body)) {
    withdraw(gone->seq);
  } else if (const auto* held = std::get_if<Held>(&message.body)) {
    if (on_held_) on_held_(held->agents);
  } else if (std::holds_alternative<Lost>(message.body)) {
    events_.clear();  // claims of the old session: they will be handed out again
    started_ = 0;
    has_lost_ = true;
  } else if (auto* bulk = std::get_if<BulkTask>(&message.body)) {
    events_.emplace_back(*bulk);
  } else if (message.request == idle_request_ && idle_request_ != 0) {
    idle_request_ = 0;
    events_.emplace_back(Idle{});
  } else if (auto it = pushes_.find(message.request); it != pushes_.end()) {
    PendingPush pending = std::move(it->second);
    pushes_.erase(it);
    push_answered(message.request, std::move(pending), message.body);
  } else if (auto part = parts_.find(message.request); part != parts_.end()) {
    part_answered(part->second, message.body);
    parts_.erase(part);
  } else if (waiting_.erase(message.request) != 0) {
    answers_[message.request] = std::move(message.body);
  }
}

// A task that nobody has begun is given back at once; who is at work learns of it by his next look.
void Bus::withdraw(Seq seq) {
  auto is_it = [&](const Event& event) {
    const Task* task = std::get_if<Task>(&event);
    return task != nullptr && task->record.seq == seq;
  };
  if (std::erase_if(events_, is_it) == 0) {
    if (seq == started_) withdrawn_ = seq;
    return;
  }
  if (started_ == seq) started_ = 0;
  (void)channel_->send({0, Finish{seq, Outcome::kFailed, "cancelled", {}}});
}

// A reader that had to join anew is given again what was under way.
bool Bus::is_old_news(const Task& task) {
  if (hello_.role != Role::kReader) return false;
  Seq seq = task.origin ? task.origin->seq : task.record.seq;
  if (seq <= position_) {
    (void)channel_->send({0, Finish{seq, Outcome::kDone, {}, {}}});
    return true;
  }
  position_ = seq;
  return false;
}

void Bus::adopt(Record& record) {
  const Value& value = record.descriptor.value;
  if (dynamic_cast<const AbsentSource*>(&value.source()) == nullptr) return;
  record.descriptor.value =
      Value(std::make_shared<RemoteSource>(self_, record.seq, value.size()), value.size(), value.digest());
}

// --- pushing ---

Result<void> Bus::push(NewDescriptor item, SubmissionId submission, OnPushed pushed) {
  return begin_push(Push{std::move(item), submission, {}}, std::move(pushed));
}

Result<void> Bus::push(NewDescriptor item, std::vector<NewDescriptor> results) {
  for (const NewDescriptor& result : results) {
    if (result.descriptor.value.size() <= kMaxInlineValue) continue;
    return Error{Code::kInvalid, "a result of more than 64 KiB cannot be pushed together with what it is of"};
  }
  return begin_push(Push{std::move(item), 0, std::move(results)}, {});
}

Result<void> Bus::begin_push(Push push, OnPushed pushed) {
  auto room = wait_for_pushes(kPushWindow - 1);
  if (!room) return room;
  if (push_error_) return *std::exchange(push_error_, std::nullopt);
  uint64_t inline_bytes = 0;
  if (must_upload(push.item.descriptor.value, inline_bytes)) {
    auto number = send_upload(push.item.descriptor.value);
    if (!number) return number.error();
    push.item.upload = *number;
  }
  return send_push(std::move(push), std::move(pushed));
}

Result<void> Bus::send_push(Push push, OnPushed pushed) {
  uint64_t request = next_request_++;
  PendingPush& pending = pushes_[request];
  pending.pushed = std::move(pushed);
  if (!channel_->passes_references()) pending.again = push;
  return channel_->send({request, std::move(push)});
}

// A restarted master has forgotten uploads. What was pushed behind one in the meantime may have it as a
// precursor or container: both are pushed again, in their order.
bool Bus::must_repeat(uint64_t request, const Failure& failure) {
  if (failure.code == Code::kUnavailable) repeat_below_ = next_request_;
  return failure.code == Code::kUnavailable || (failure.code == Code::kNotFound && request < repeat_below_);
}

void Bus::push_answered(uint64_t request, PendingPush pending, const Body& body) {
  const auto* failure = std::get_if<Failure>(&body);
  // Why its value did not arrive; that the master was restarted is no reason.
  auto lost = pending.again ? failed_uploads_.extract(pending.again->item.upload) : UploadErrors::node_type();
  Failure why;
  if (failure != nullptr && lost && lost.mapped().code != Code::kUnavailable) {
    why = {lost.mapped().code, lost.mapped().message};
    failure = &why;
  }
  if (failure != nullptr && pending.again && must_repeat(request, *failure)) {
    repeats_.push_back({std::move(*pending.again), std::move(pending.pushed)});
    return;
  }
  if (failure != nullptr && !push_error_ && !pending.pushed) {
    push_error_ = Error{failure->code, failure->message};
  }
  if (!pending.pushed) return;
  if (failure != nullptr) {
    pending.pushed(Error{failure->code, failure->message});
  } else if (const auto* pushed = std::get_if<Pushed>(&body)) {
    pending.pushed(*pushed);
  }
}

// Waits until at most so many pushes are under way, and sends those that a restarted master has forgotten.
Result<void> Bus::wait_for_pushes(size_t at_most) {
  while (pushes_.size() > at_most || !repeats_.empty()) {
    if (!repeats_.empty()) {
      auto [push, pushed] = std::move(repeats_.front());
      repeats_.pop_front();
      if (push.item.upload != 0) {
        auto number = send_upload(push.item.descriptor.value);
        if (!number) return number.error();
        push.item.upload = *number;
      }
      auto sent = send_push(std::move(push), std::move(pushed));
      if (!sent) return sent;
      continue;
    }
    auto received = receive_one({});
    if (!received) return received;
  }
  return {};
}

Result<void> Bus::flush() {
  auto answered = wait_for_pushes(0);
  if (!answered) return answered;
  if (push_error_) return *std::exchange(push_error_, std::nullopt);
  return {};
}

bool Bus::must_upload(const Value& value, uint64_t& inline_bytes) const {
  if (channel_->passes_references()) return false;
  if (value.size() > kMaxInlineValue || inline_bytes + value.size() > kMaxMessageValues) return true;
  inline_bytes += value.size();
  return false;
}

// Sends it part by part, with a window of them under way. What was lost on the way the push tells that wants
// it.
Result<uint64_t> Bus::send_upload(const Value& value) {
  const uint64_t number = next_upload_++;
  std::string chunk;
  for (uint64_t offset = 0; offset < value.size(); offset += chunk.size()) {
    chunk.resize(std::min<uint64_t>(kMaxMessageValues, value.size() - offset));
    auto count = value.read_at(offset, {reinterpret_cast<uint8_t*>(chunk.data()), chunk.size()});
    if (!count) return count.error();
    auto room = wait_for_parts(kPartWindow - 1);
    if (!room) return room.error();
    const uint64_t request = next_request_++;
    parts_[request] = number;
    auto sent = channel_->send({request, ValueAppend{number, offset, chunk}});
    if (!sent) return sent.error();
    crash_point("part-uploaded");
  }
  return number;
}

void Bus::part_answered(uint64_t upload, const Body& body) {
  const auto* failure = std::get_if<Failure>(&body);
  if (failure != nullptr) failed_uploads_.try_emplace(upload, Error{failure->code, failure->message});
}

Result<void> Bus::wait_for_parts(size_t at_most) {
  while (parts_.size() > at_most) {
    auto received = receive_one({});
    if (!received) return received;
  }
  return {};
}

// All of it is there when this has answered.
Result<uint64_t> Bus::upload(const Value& value) {
  for (int attempt = 0;; attempt++) {
    auto number = send_upload(value);
    if (!number) return number;
    auto answered = wait_for_parts(0);
    if (!answered) return answered.error();
    auto failed = failed_uploads_.find(*number);
    if (failed == failed_uploads_.end()) return number;
    const Error error = failed->second;
    failed_uploads_.erase(failed);
    bool restarted = error.code == Code::kUnavailable;
    if (!restarted || attempt == kUploadAttempts) return error;
  }
}

Result<SubmissionId> Bus::open_submission(const Descriptor& note, Lane lane) {
  auto opened = call<Opened>(OpenSubmission{note, lane});
  if (!opened) return opened.error();
  channel_->resume_submission(opened->submission);
  return opened->submission;
}

Result<void> Bus::close_submission(SubmissionId submission) {
  auto flushed = flush();
  auto done = call<Done>(CloseSubmission{submission});
  if (!done) return done.error();
  channel_->resume_submission(0);
  return flushed;
}

// --- searching ---

Result<Items> Bus::find(const Find& query) { return call<Items>(query); }

Result<void> Bus::for_each(Find query, const std::function<bool(Record&)>& use) {
  while (true) {
    auto page = find(query);
    if (!page) return page.error();
    for (Record& record : page->records) {
      if (!use(record)) return {};
    }
    if (page->cursor == 0) return {};
    query.cursor = page->cursor;
  }
}

Result<Record> Bus::get(const Domain& domain, const Selector& selector) {
  Find query;
  query.by = By::kSelector;
  query.domain = domain;
  query.text = selector.str();
  auto items = find(query);
  if (!items) return items.error();
  if (items->records.empty()) return Error{Code::kNotFound, "no descriptor " + selector.str()};
  return std::move(items->records.front());
}

Result<Record> Bus::get(Seq seq) {
  Find query;
  query.by = By::kSeq;
  query.seq = seq;
  auto items = find(query);
  if (!items) return items.error();
  if (items->records.empty()) return Error{Code::kNotFound, "no descriptor " + std::to_string(seq)};
  return std::move(items->records.front());
}

Result<std::vector<Origin>> Bus::origins_of(Seq object, Seq upto) { return all_origins({object, 0, upto}); }

Result<std::vector<Origin>> Bus::contents_of(Seq container, Seq upto) {
  return all_origins({0, container, upto});
}

Result<std::vector<Origin>> Bus::all_origins(ListOrigins query) {
  std::vector<Origin> all;
  do {
    auto page = call<Origins>(query);
    if (!page) return page.error();
    std::move(page->origins.begin(), page->origins.end(), std::back_inserter(all));
    query.cursor = page->cursor;
  } while (query.cursor != 0);
  return all;
}

Result<std::vector<NamedMark>> Bus::marks(Seq seq) {
  auto answer = call<Marks>(ListMarks{seq});
  if (!answer) return answer.error();
  return std::move(answer->marks);
}

Result<std::vector<LabelledUuid>> Bus::uuids(const Domain& domain, const Uuid& after) {
  auto answer = call<Uuids>(ListUuids{domain, after});
  if (!answer) return answer.error();
  return std::move(answer->uuids);
}

Result<Status> Bus::status() {
  auto status = call<Status>(GetStatus{});
  while (status && status->cursor != 0) {
    auto page = call<Status>(GetStatus{status->cursor});
    if (!page) return page.error();
    std::move(page->consumers.begin(), page->consumers.end(), std::back_inserter(status->consumers));
    status->cursor = page->cursor;
  }
  return status;
}

Result<SubmissionStatus> Bus::submission(SubmissionId id, bool wait,
                                         std::optional<std::chrono::milliseconds> timeout) {
  auto status = call<SubmissionStatus>(GetSubmission{id, wait}, timeout);
  if (status || !wait || !timeout || status.error().code != Code::kUnavailable) return status;
  return call<SubmissionStatus>(GetSubmission{id, false}, timeout);
}

Result<Idle> Bus::wait_idle() { return call<Idle>(WaitIdle{}); }

Result<void> Bus::for_each_failure(const std::string& agent,
                                   const std::function<bool(const FailedTask&)>& use) {
  ListFailures query{agent};
  while (true) {
    auto page = call<FailedTasks>(query);
    if (!page) return page.error();
    if (page->tasks.empty()) return {};
    for (const FailedTask& task : page->tasks) {
      if (!use(task)) return {};
    }
    query.consumer = page->tasks.back().consumer;
    query.after = page->tasks.back().seq;
  }
}

Result<void> Bus::for_each_pending(const std::string& agent,
                                   const std::function<bool(const PendingTask&)>& use) {
  ListPending query{agent};
  while (true) {
    auto page = call<PendingTasks>(query);
    if (!page) return page.error();
    for (const PendingTask& task : page->tasks) {
      if (!use(task)) return {};
    }
    if (page->consumer == 0) return {};
    query.consumer = page->consumer;
    query.after = page->after;
  }
}

Result<void> Bus::report(ProcessEnd end) {
  auto done = call<Done>(std::move(end));
  return done ? Result<void>() : done.error();
}

Result<uint64_t> Bus::retry(const std::string& agent, Seq seq) {
  Retry query{agent, seq};
  uint64_t count = 0;
  while (true) {
    auto page = call<Retried>(query);
    if (!page) return page.error();
    if (page->count == 0) return count;
    count += page->count;
    query.consumer = page->consumer;
    query.after = page->after;
  }
}

Result<Asked> Bus::ask(const std::string& agent, std::vector<Seq> seqs, bool force) {
  return call<Asked>(Ask{agent, std::move(seqs), force});
}

Result<void> Bus::set_mode(const std::string& agent, Mode mode) {
  auto done = call<Done>(SetMode{agent, mode});
  return done ? Result<void>() : done.error();
}

// --- operations ---

Result<Cancelled> Bus::cancel(SubmissionId submission) { return call<Cancelled>(Cancel{submission}); }

Result<Paused> Bus::pause(const std::string& agent, bool paused) {
  return call<Paused>(Pause{agent, paused});
}

Result<uint64_t> Bus::forget(ConsumerId consumer) {
  Forget query{consumer};
  uint64_t marks = 0;
  do {
    auto page = call<Forgotten>(query);
    if (!page) return page.error();
    marks += page->marks;
    query.cursor = page->cursor;
  } while (query.cursor != 0);
  return marks;
}

Result<Pruned> Bus::prune(Prune query, const std::function<void(const Pruned&)>& told) {
  Pruned sum;
  do {
    auto page = call<Pruned>(query);
    if (!page) return page.error();
    sum.files += page->files;
    sum.results += page->results;
    sum.value_bytes += page->value_bytes;
    sum.unhandled += page->unhandled;
    query.cursor = page->cursor;
    told(sum);
  } while (query.cursor != 0);
  return sum;
}

// --- work ---

Result<void> Bus::for_each_collected(const std::function<bool(Record&)>& use) {
  ListBulk query;
  do {
    auto page = call<Items>(query);
    if (!page) return page.error();
    for (Record& record : page->records) {
      if (!use(record)) return {};
    }
    query.cursor = page->cursor;
  } while (query.cursor != 0);
  return {};
}

Result<AgentState> Bus::state() {
  auto state = call<State>(GetState{});
  return state ? Result<AgentState>(std::move(state->state)) : state.error();
}

std::optional<Bus::Event> Bus::next_event() {
  while (true) {
    while (events_.empty()) {
      if (!receive_one({})) return std::nullopt;
    }
    Event event = std::move(events_.front());
    events_.pop_front();
    crash_point("task-received");
    if (!note_begin(event)) return std::nullopt;
    bool is_lost = is_suspect(event) && started_ != task_of(event);  // with its session, while we waited
    if (is_lost) continue;
    if (std::exchange(was_value_read_, false)) look_ahead();
    return event;
  }
}

// Who has read the last value is likely to read the next.
void Bus::look_ahead() {
  const Task* next = events_.empty() ? nullptr : std::get_if<Task>(&events_.front());
  if (next == nullptr) return;
  const auto* source = dynamic_cast<const RemoteSource*>(&next->record.descriptor.value.source());
  if (source != nullptr) source->look_ahead(0);
}

bool Bus::has_event(std::chrono::milliseconds wait) {
  const auto end = std::chrono::steady_clock::now() + wait;
  while (events_.empty()) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    auto message = channel_->receive(std::max(left, std::chrono::milliseconds(0)));
    if (!message) return channel_->closed();
    dispatch(*std::move(message));
  }
  return true;
}

// 0: it is none.
Seq Bus::task_of(const Event& event) {
  if (const auto* bulk = std::get_if<BulkTask>(&event)) return bulk->seq;
  const auto* task = std::get_if<Task>(&event);
  return task == nullptr ? 0 : task->record.seq;
}

bool Bus::is_suspect(const Event& event) {
  const auto* task = std::get_if<Task>(&event);
  const auto* bulk = std::get_if<BulkTask>(&event);
  return (task != nullptr && task->is_suspect) || (bulk != nullptr && bulk->is_suspect);
}

// A note dies with a process that ends at once: before something that may do so, it is known to have arrived.
Result<void> Bus::note_begin(const Event& event) {
  Seq task = task_of(event);
  last_sign_ = std::chrono::steady_clock::now();
  if (task == 0 || hello_.role != Role::kConsumer || task == started_) return {};
  started_ = task;
  if (is_suspect(event)) {
    auto heard = call<Done>(Started{task});
    if (!heard) return heard.error();
  } else {
    (void)channel_->send({0, Started{task}});
  }
  crash_point("start-said");
  return {};
}

// The task that is waiting already, so that its beginning needs no message of its own; 0: none is.
Seq Bus::begin_next() {
  started_ = 0;
  if (hello_.role != Role::kConsumer) return 0;
  while (events_.empty()) {
    auto message = channel_->receive(std::chrono::milliseconds(0));
    if (!message) return 0;
    dispatch(*std::move(message));
  }
  if (!is_suspect(events_.front())) started_ = task_of(events_.front());
  return started_;
}

Result<void> Bus::progress() {
  auto now = std::chrono::steady_clock::now();
  if (now - last_sign_ >= kSignEvery) {
    last_sign_ = now;
    (void)channel_->send({0, Progress{}});
  }
  return look();
}

Result<void> Bus::look() {
  auto now = std::chrono::steady_clock::now();
  if (hello_.role == Role::kConsumer && now - last_look_ >= kLookEvery) {
    last_look_ = now;
    while (auto message = channel_->receive(std::chrono::milliseconds(0))) dispatch(*std::move(message));
  }
  return is_withdrawn() ? Result<void>(withdrawn()) : Result<void>();
}

Result<void> Bus::ask_idle() {
  idle_request_ = next_request_++;
  return channel_->send({idle_request_, WaitIdle{}});
}

Result<void> Bus::finish(Finish finish) {
  if (hello_.role == Role::kReader) channel_->resume_from(finish.seq + 1);
  uint64_t inline_bytes = 0;
  for (NewDescriptor& child : finish.children) {
    if (!must_upload(child.descriptor.value, inline_bytes)) continue;
    auto number = upload(child.descriptor.value);
    if (!number) return number.error();
    child.upload = *number;
  }
  finish.next = begin_next();
  return channel_->send({0, std::move(finish)});
}

}  // namespace rebus
