#include "bus/zmq_channel.h"

#include "bus/codec.h"

namespace rebus {

ZmqChannel::ZmqChannel(std::shared_ptr<zmq::context_t> context, std::string address, SessionTimes times)
    : context_(std::move(context)), address_(std::move(address)), times_(times) {}

ZmqChannel::~ZmqChannel() {
  {
    std::lock_guard lock(keeper_mutex_);
    ends_ = true;
  }
  keeper_wanted_.notify_one();
  wake_.set();
  if (keeper_.joinable()) keeper_.join();
  if (session_) session_->finish();
}

// --- the session is led by one thread ---

// The keeper makes room at once.
ZmqChannel::Lead ZmqChannel::lead() {
  Lead lead(session_mutex_, std::try_to_lock);
  if (lead) return lead;
  wake_.set();
  lead.lock();
  wake_.clear();
  return lead;
}

// As long as the agent waits in the session it needs nobody else.
void ZmqChannel::keep() {
  while (rest()) {
    Lead lead(session_mutex_, std::try_to_lock);
    if (!lead) continue;
    session_->step();
    is_over_ = session_->is_over();
    if (!session_->needs_care()) continue;
    session_->wait(wake_.fd(), ZmqSession::Clock::now() + times_.heartbeat / 2);
    session_->step();
    is_over_ = session_->is_over();
    std::lock_guard lock(keeper_mutex_);
    is_wanted_ = session_->needs_care() && !is_interrupted_;
  }
}

// Until it is time to look, or the keeper is wanted. False: this is the end.
bool ZmqChannel::rest() {
  std::unique_lock lock(keeper_mutex_);
  keeper_wanted_.wait_for(lock, times_.heartbeat, [this] { return is_wanted_ || ends_; });
  is_wanted_ = false;
  return !ends_;
}

// --- the agent's side ---

Result<Welcome> ZmqChannel::join(Hello hello) {
  Lead leading = lead();
  session_.emplace(*context_, address_, times_, std::move(hello));
  keeper_ = std::thread([this] { keep(); });
  while (!is_interrupted_) {
    session_->step();
    is_over_ = session_->is_over();
    if (auto joined = session_->take_welcome()) return *std::move(joined);
    session_->wait(wake_.fd(), ZmqSession::Clock::time_point::max());
  }
  return Error{Code::kStopped, "interrupted while joining the bus"};
}

Result<void> ZmqChannel::send(Message message) {
  auto frame = encode(message);
  if (!frame) return frame.error();
  auto type = std::visit([](const auto& body) { return body.kType; }, message.body);
  Lead leading = lead();
  session_->send({type, message.request, losses_, std::make_shared<std::string>(*std::move(frame))});
  is_over_ = session_->is_over();
  if (!session_->needs_care()) return {};
  leading.unlock();
  {
    std::lock_guard lock(keeper_mutex_);
    is_wanted_ = true;
  }
  keeper_wanted_.notify_one();
  return {};
}

std::optional<Message> ZmqChannel::receive(std::optional<std::chrono::milliseconds> timeout) {
  using Clock = ZmqSession::Clock;
  const auto end = timeout ? Clock::now() + *timeout : Clock::time_point::max();
  Lead leading = lead();
  while (true) {
    auto message = session_->take_received();
    if (!message) {
      session_->step();
      is_over_ = session_->is_over();
      message = session_->take_received();
    }
    if (message && std::holds_alternative<Lost>(message->body)) losses_++;
    if (message || closed() || Clock::now() >= end) return message;
    session_->wait(wake_.fd(), end);
  }
}

void ZmqChannel::resume_from(Seq seq) {
  Lead leading = lead();
  session_->resume_from(seq);
}

void ZmqChannel::resume_submission(SubmissionId id) {
  Lead leading = lead();
  session_->resume_submission(id);
}

void ZmqChannel::interrupt() {
  is_interrupted_ = true;
  wake_.set();
}

ZmqConnector::ZmqConnector(std::string address, SessionTimes times)
    : address_(std::move(address)), times_(times), context_(std::make_shared<zmq::context_t>()) {}

Result<std::unique_ptr<Channel>> ZmqConnector::connect() {
  return std::unique_ptr<Channel>(std::make_unique<ZmqChannel>(context_, address_, times_));
}

}  // namespace rebus
