#include "bus/zmq_session.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "bus/codec.h"
#include "descriptor/crash_point.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

// Of what the session says of its own accord; the agent's calls count from 1.
constexpr uint64_t kOwnRequest = uint64_t{1} << 63;
// So that one busy direction does not keep the other waiting.
constexpr int kReceiveAtOnce = 256;
// How often to look, while a Welcome is awaited, whether the connection is there still.
constexpr std::chrono::milliseconds kLookAgain{50};
// Then people are told that the first Welcome does not come.
constexpr std::chrono::milliseconds kPatience{1'500};

}  // namespace

ZmqSession::ZmqSession(zmq::context_t& context, std::string address, SessionTimes times, Hello hello)
    : context_(context), address_(std::move(address)), times_(times), hello_(std::move(hello)) {
  connect();
}

void ZmqSession::step() {
  receive_waiting();
  check_deadlines();
  send_waiting();
}

void ZmqSession::wait(int wake_fd, Clock::time_point end) {
  const auto now = Clock::now();  // one for both: what is due between two is in neither, and waits for ever
  auto most = until_next_deadline(now);
  if (end != Clock::time_point::max()) {
    auto left = std::max(Milliseconds(0), std::chrono::ceil<Milliseconds>(end - now));
    most = most < Milliseconds(0) ? left : std::min(most, left);
  }
  if (dealer_) dealer_->poll(wake_fd, has_to_send(now), most);
}

bool ZmqSession::needs_care() const {
  return state_ != State::kOver && (state_ != State::kJoined || !unsent_.empty());
}

void ZmqSession::finish() {
  if (state_ == State::kJoined) send_goodbye();
  const auto deadline = Clock::now() + times_.linger;
  for (auto now = Clock::now(); state_ == State::kJoined && now < deadline; now = Clock::now()) {
    dealer_->poll(-1, true, std::chrono::ceil<Milliseconds>(deadline - now));
    send_waiting();
  }
  if (dealer_) dealer_->close_after(times_.linger);
}

// --- joining ---

void ZmqSession::connect() {
  dealer_.reset();
  auto dealer = Dealer::connect(context_, address_);
  if (!dealer) return refuse(dealer.error());
  dealer_ = *std::move(dealer);
  state_ = State::kConnecting;
}

void ZmqSession::join_anew() {
  if (state_ == State::kJoined) {
    spdlog::warn("lost the master at {}: joining it again", escape(address_));
    lose_session();
  }
  hello_after_ = std::max(Clock::now(), said_ + times_.retry);
  connect();
}

// A consumer's tasks are somebody else's now. A reader holds nothing: what it was given stays good, also an
// Idle behind it, and the next session goes on from there.
void ZmqSession::lose_session() {
  if (hello_.role == Role::kReader) return;
  losses_++;
  void_tasks();
  received_.push_back({0, Lost{}});
}

void ZmqSession::say_hello() {
  hello_.token = session_.token;
  if (resume_from_ != 0) hello_.from = resume_from_;
  auto frame = encode({kOwnRequest, hello_});
  if (!frame) return refuse(frame.error());
  seal_frame(*frame, {});
  if (!dealer_->send(*frame)) return;
  said_ = Clock::now();
  state_ = State::kJoining;
}

void ZmqSession::receive_welcome(const Welcome& welcome) {
  session_ = {welcome.epoch, welcome.token};
  state_ = State::kJoined;
  crash_point("welcomed");
  heard_ = said_ = Clock::now();
  if (!was_joined_) welcome_ = welcome;
  if (was_joined_) spdlog::warn("joined the master at {} again", escape(address_));
  was_joined_ = true;
  say_calls_again();
}

// A send is never an ack: what was sent in the session before may have been lost with its connection. Calls
// are said again; what ends a task belongs to the session that had it.
void ZmqSession::say_calls_again() {
  unsent_.clear();
  for (const auto& [request, call] : unanswered_) unsent_.push_back(call);
}

// Those that the agent has not looked at.
void ZmqSession::void_tasks() {
  std::erase_if(received_, [](const Message& message) {
    return std::holds_alternative<Task>(message.body) || std::holds_alternative<BulkTask>(message.body);
  });
}

// The end: tells it to whoever waits.
void ZmqSession::refuse(const Error& error) {
  state_ = State::kOver;
  if (!was_joined_) {
    welcome_ = error;
    return;
  }
  for (const auto& [request, call] : unanswered_)
    received_.push_back({request, Failure{error.code, error.message}});
}

// --- time ---

bool ZmqSession::may_say_hello(Clock::time_point now) const {
  return state_ == State::kConnecting && now >= hello_after_;
}

bool ZmqSession::is_heartbeat_due(Clock::time_point now) const {
  return state_ == State::kJoined && now - said_ >= times_.heartbeat;
}

ZmqSession::Milliseconds ZmqSession::until_next_deadline(Clock::time_point now) const {
  auto deadline = Clock::time_point::max();
  auto at = [&](Clock::time_point time) { deadline = std::min(deadline, time); };
  if (!was_joined_) at(started_ + (is_waiting_told_ ? times_.connect : kPatience));
  if (state_ == State::kConnecting && !may_say_hello(now)) at(hello_after_);
  if (state_ == State::kJoining) at(std::min(said_ + times_.silence, now + kLookAgain));
  if (state_ == State::kJoined) at(heard_ + times_.silence);
  if (state_ == State::kJoined && !is_heartbeat_due(now)) at(said_ + times_.heartbeat);
  if (deadline == Clock::time_point::max()) return Milliseconds(-1);
  return std::max(Milliseconds(0), std::chrono::ceil<Milliseconds>(deadline - now));
}

void ZmqSession::check_deadlines() {
  const auto now = Clock::now();
  if (state_ == State::kOver) return;
  if (!was_joined_ && now - started_ >= times_.connect) {
    return refuse({Code::kUnavailable,
                   "no master answers at " + escape(address_) + ": is rebus_master running there?"});
  }
  if (!was_joined_ && !is_waiting_told_ && now - started_ >= kPatience) {
    is_waiting_told_ = true;
    spdlog::warn("no master answers at {} yet: waiting for it, {} s at most", escape(address_),
                 std::chrono::ceil<std::chrono::seconds>(times_.connect).count());
  }
  const auto since = state_ == State::kJoined ? heard_ : said_;
  // A Hello that went with its connection is answered by nobody: ZeroMQ connects again, and does not tell.
  const bool is_lost = state_ == State::kJoining && !dealer_->can_send();
  if (is_lost || (state_ != State::kConnecting && now - since >= times_.silence)) join_anew();
  if (may_say_hello(now)) say_hello();
  if (is_heartbeat_due(now)) say(Heartbeat{});
}

// --- sending ---

bool ZmqSession::has_to_send(Clock::time_point now) const {
  return may_say_hello(now) || is_heartbeat_due(now) || (state_ == State::kJoined && !unsent_.empty());
}

// Words of the session itself: not repeated if there is no room for them.
void ZmqSession::say(const Body& body) {
  auto frame = encode({kOwnRequest, body});
  seal_frame(*frame, session_);
  if (dealer_->send(*frame)) said_ = Clock::now();
}

void ZmqSession::send(Outbound outbound) {
  if (outbound.request != 0) unanswered_[outbound.request] = outbound;
  if (outbound.request != 0 || outbound.losses == losses_) unsent_.push_back(std::move(outbound));
  send_waiting();
}

void ZmqSession::send_waiting() {
  while (state_ == State::kJoined && !unsent_.empty()) {
    Outbound& next = unsent_.front();
    seal_frame(*next.frame, session_);
    if (!dealer_->send(*next.frame)) return;
    if (next.type == Goodbye::kType) state_ = State::kOver;
    if (next.type == Finish::kType) crash_point("finish-sent");
    if (next.type == Push::kType) crash_point("push-sent");
    unsent_.pop_front();
  }
}

void ZmqSession::send_goodbye() {
  auto frame = encode({0, Goodbye{}});
  unsent_.push_back({Goodbye::kType, 0, losses_, std::make_shared<std::string>(*std::move(frame))});
  send_waiting();
}

// --- receiving ---

void ZmqSession::receive_waiting() {
  for (int i = 0; i < kReceiveAtOnce && state_ != State::kOver; i++) {
    auto bytes = dealer_->receive();
    if (!bytes) return;
    receive_frame(*bytes);
  }
}

void ZmqSession::receive_frame(const std::string& bytes) {
  auto frame = open_frame(bytes);
  auto message = frame ? decode(*frame) : Result<Message>(frame.error());
  if (state_ == State::kJoining) {
    return message ? receive_joining(*std::move(message)) : refuse(message.error());
  }
  if (state_ != State::kJoined) return;
  bool is_ours = message.ok() && frame->header.session == session_;
  if (!is_ours || std::holds_alternative<Lost>(message->body)) return join_anew();
  receive_joined(*std::move(message));
}

void ZmqSession::receive_joining(Message message) {
  if (auto* welcome = std::get_if<Welcome>(&message.body)) return receive_welcome(*welcome);
  auto* failure = std::get_if<Failure>(&message.body);
  if (failure != nullptr && message.request == kOwnRequest) refuse({failure->code, failure->message});
}

void ZmqSession::receive_joined(Message message) {
  heard_ = Clock::now();
  if (std::holds_alternative<Alive>(message.body)) return;
  // After a new join a call may be answered twice.
  if (message.request != 0 && unanswered_.erase(message.request) == 0) return;
  received_.push_back(std::move(message));
}

std::optional<Message> ZmqSession::take_received() {
  if (received_.empty()) return std::nullopt;
  Message first = std::move(received_.front());
  received_.pop_front();
  return first;
}

}  // namespace rebus
