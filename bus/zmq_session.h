// ZmqSession: joins a master, stays joined, and loses no call.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bus/dealer.h"
#include "bus/frame.h"
#include "bus/message.h"

namespace rebus {

struct SessionTimes {
  std::chrono::milliseconds connect{10'000};   // for the first Welcome; later ones are awaited for ever
  std::chrono::milliseconds heartbeat{2'000};  // a word to the master at least this often
  std::chrono::milliseconds silence{6'500};    // a master not heard for so long is joined anew
  std::chrono::milliseconds retry{100};        // between two joins
  std::chrono::milliseconds linger{1'000};     // for the last messages at the end
};

// A message on its way to the master.
struct Outbound {
  uint16_t type = 0;
  uint64_t request = 0;
  uint64_t losses = 0;  // sessions that the agent knew to be lost when it said this
  std::shared_ptr<std::string> frame;
};

// One thread at a time.
class ZmqSession {
 public:
  using Clock = std::chrono::steady_clock;
  using Milliseconds = std::chrono::milliseconds;

  ZmqSession(zmq::context_t& context, std::string address, SessionTimes times, Hello hello);

  // Does what can be done now, without waiting. Somebody must do so at least every SessionTimes::heartbeat.
  void step();
  // Waits until there is something to do, `wake_fd` is readable, or it is that time.
  void wait(int wake_fd, Clock::time_point end);
  // What was said does not leave, or the master has to be joined: step() and wait() go on with that.
  bool needs_care() const;
  // What is left to say, and Goodbye, if somebody listens: for SessionTimes::linger at most.
  void finish();

  // How the first join went, once it is known, and once.
  std::optional<Result<Welcome>> take_welcome() { return std::exchange(welcome_, std::nullopt); }
  // Leaves now if it can.
  void send(Outbound outbound);
  std::optional<Message> take_received();
  // Nothing more comes.
  bool is_over() const { return state_ == State::kOver; }

  // Readers: instead of Hello::from, if not 0.
  void resume_from(Seq seq) { resume_from_ = seq; }
  // Producers: Hello::submission.
  void resume_submission(SubmissionId id) { hello_.submission = id; }

 private:
  enum class State {
    kConnecting,  // Hello is not sent yet
    kJoining,     // Hello is sent
    kJoined,
    kOver,  // left or refused
  };

  // Joining.
  void connect();
  void join_anew();
  void lose_session();
  void say_hello();
  void receive_welcome(const Welcome& welcome);
  void say_calls_again();
  void void_tasks();
  void refuse(const Error& error);

  // Time.
  bool may_say_hello(Clock::time_point now) const;
  bool is_heartbeat_due(Clock::time_point now) const;
  Milliseconds until_next_deadline(Clock::time_point now) const;
  void check_deadlines();

  // Sending.
  bool has_to_send(Clock::time_point now) const;
  void say(const Body& body);
  void send_waiting();
  void send_goodbye();

  // Receiving.
  void receive_waiting();
  void receive_frame(const std::string& bytes);
  void receive_joining(Message message);
  void receive_joined(Message message);

  zmq::context_t& context_;
  const std::string address_;
  const SessionTimes times_;
  Hello hello_;
  Seq resume_from_ = 0;

  std::optional<Dealer> dealer_;
  State state_ = State::kConnecting;
  SessionKey session_;
  bool was_joined_ = false;
  bool is_waiting_told_ = false;  // that the first Welcome does not come
  uint64_t losses_ = 0;
  std::optional<Result<Welcome>> welcome_;
  std::deque<Message> received_;
  std::deque<Outbound> unsent_;
  std::map<uint64_t, Outbound> unanswered_;  // calls, by request
  Clock::time_point started_ = Clock::now();
  Clock::time_point hello_after_ = started_;
  Clock::time_point said_ = started_;   // the last Hello or Heartbeat
  Clock::time_point heard_ = started_;  // anything from the master
};

}  // namespace rebus
